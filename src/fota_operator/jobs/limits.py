"""What AWS allows of any job: each bound once. Pure, so that plans can be checked without AWS."""

# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_PresignedUrlConfig.html
MIN_DURATION_S = 60
MAX_DURATION_S = 3600
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_TimeoutConfig.html
MAX_TIMEOUT_MINUTES = 10_080
# AWS: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html (Jobs quotas)
MAX_TARGETS = 100
MAX_DOCUMENT_BYTES = 32_768
MAX_PLACEHOLDERS = 10
"""Of presigned URLs in a document: AWS's quotas said so once, and do not say today."""
