"""An authority whose certificates for servers are good on the days that a test asks for."""

import datetime

from fota_testing.servers.authority import Authority

DAY = datetime.timedelta(days=1)


class DatedAuthority(Authority):
    """Vouches with certificates that begin and end so many days from now."""

    days = (-1.0, 1.0)

    def _builder(self, subject, public_key):
        now = datetime.datetime.now(datetime.timezone.utc)
        dated = super()._builder(subject, public_key)
        # Only an authority's certificate is made before the days are set: it is good now.
        dated._not_valid_before, dated._not_valid_after = None, None
        return dated.not_valid_before(now + self.days[0] * DAY).not_valid_after(now + self.days[1] * DAY)
