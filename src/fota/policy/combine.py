"""Several policies as one: `all_of` wants the leave of each of them, `any_of` that of one.

    policy = all_of(Window("02:00", "04:30", offset_minutes=60), MaxRate(65_536))

Both are policies themselves, so they can be nested. When one of the policies raises, or gives no answer, the others
are asked all the same, and decide if they can; otherwise what it raised is raised, and puts the update off.
"""

from fota.policy import Later, No, Now, as_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.policy import Offer, Policy

    Answer = Now | Later | No


def all_of(*policies: "Policy") -> "Callable[[Offer], Answer]":
    """A policy that says `Now` when each of these does, with the smallest of each bound.

    The first `No` wins, and no further policy is asked. Otherwise the `Later` with the longest `again_s` is the
    answer; of two that are equal, the first. *Raises* ValueError for no policies, and for what cannot be called; when
    it is called, what one of them raised, unless another says `No`.
    """
    _require_policies(policies)

    def each_agrees(offer: "Offer") -> "Answer":
        yes, later, problem = Now(), None, None
        for policy in policies:
            answer = _answer(policy, offer)
            if isinstance(answer, No):
                return answer
            if isinstance(answer, Now):
                yes = _narrower(yes, answer)
            elif isinstance(answer, Exception):
                problem = answer
            elif later is None or answer.again_s > later.again_s:
                later = answer
        if problem is not None:
            raise problem
        return later or yes

    return each_agrees


def any_of(*policies: "Policy") -> "Callable[[Offer], Answer]":
    """A policy that says `Now` when one of these does: the first `Now` is the answer, with its own bounds.

    So put the policy with the widest bounds first. Without a `Now`, the `Later` with the shortest `again_s` is the
    answer; `No` is the answer only if each policy says so. *Raises* ValueError as `all_of` does; when it is called,
    what one of them raised, unless another says `Now`.
    """
    _require_policies(policies)

    def one_agrees(offer: "Offer") -> "Answer":
        never, later, problem = None, None, None
        for policy in policies:
            answer = _answer(policy, offer)
            if isinstance(answer, Now):
                return answer
            if isinstance(answer, No):
                never = never or answer
            elif isinstance(answer, Exception):
                problem = answer
            elif later is None or answer.again_s < later.again_s:
                later = answer
        if problem is not None:
            raise problem
        return later or never or Later("not now")

    return one_agrees


def _require_policies(policies: "tuple[Policy, ...]") -> None:
    if not policies:
        raise ValueError("policies: expected at least one, got none")
    for policy in policies:
        if not callable(policy):
            raise ValueError(f"policies: expected functions that take an offer, got {policy!r}")  # noqa: TRY004


def _answer(policy: "Policy", offer: "Offer") -> "Answer | Exception":
    try:
        return as_answer(policy(offer))
    except Exception as error:  # noqa: BLE001 - the program's own code
        return error


def _narrower(one: "Now", other: "Now") -> "Now":
    return Now(
        _smaller(one.max_bytes_per_s, other.max_bytes_per_s),
        _smaller(one.max_bytes, other.max_bytes),
        _smaller(one.for_s, other.for_s),
    )


def _smaller(one: "int | None", other: "int | None") -> "int | None":
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
