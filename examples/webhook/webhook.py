"""Posts each notice of a rollout to a webhook. What the webhook does not take stays in the queue, and comes again.

    WEBHOOK_URL=https://hooks.example.com/… python webhook.py QUEUE-URL [--once]

The URL of a webhook is a password, so it comes from the environment and is never printed.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

import boto3

ANSWER_TIMEOUT_S = 10
LONGEST_PAUSE_S = 60


def text_of(notice):
    """A notice of `fota rollout run`, or an event of AWS IoT Jobs, in one line."""
    if notice.get("source") == "fota":
        return notice["text"]
    details = notice.get("statusDetails") or {}
    who = notice.get("thingArn", "").rsplit("/", 1)[-1] or "the job"
    why = details.get("reason") or notice.get("reasonCode") or ""
    return f"{notice.get('jobId')}: {who} {notice.get('operation')} {why}".strip()


def taken(url, text):
    """Whether the webhook took the text; what went wrong is said in one line, without the URL."""
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S):
            return True
    except urllib.error.HTTPError as error:
        problem = f"status {error.code}"
    except OSError as error:
        problem = getattr(error, "reason", error)
    print(f"webhook: not taken ({problem}), the notice stays in the queue: {text}", file=sys.stderr)
    return False


def forward(sqs, queue_url, url):
    """Post what is in the queue now. Returns how many notices were taken, and how many stay."""
    answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    done = stay = 0
    for message in answer.get("Messages", []):
        # SNS wraps what it was given.
        text = text_of(json.loads(json.loads(message["Body"])["Message"]))
        if taken(url, text):
            # Cut before this: the webhook hears it twice. Never: it hears nothing.
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            done += 1
        else:
            stay += 1
    return done, stay


def main(queue_url, once):
    sqs, url, pause_s = boto3.client("sqs"), os.environ["WEBHOOK_URL"], 1
    while True:
        done, stay = forward(sqs, queue_url, url)
        if once:
            return 1 if stay else 0
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if stay and not done else 1
        time.sleep(pause_s if stay else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--once" in sys.argv))
