"""The settings of jobs, automations and monitoring; part of ``app.settings.settings.Settings``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.settings.declaring import setting

DAY, SOON = timedelta(days=1), timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class OperationSettings:
    """Settings that keep heavy work going and tell when it does not."""

    FLEXMEASURES_JOB_TTL: timedelta = setting(DAY, "How long ended jobs are kept; schedules: FLEXMEASURES_PLANNING_TTL")
    FLEXMEASURES_JOB_CACHE_TTL: int = setting(3600, "How long equal requests share a job [s]; negative: for ever")
    FLEXMEASURES_DEFAULT_JOB_TIMEOUT: int = setting(180, "How long a job may take [s]")
    FLEXMEASURES_JOB_TIMEOUT: dict[str, Any] = setting({}, "The same for single queues, such as {'forecasting': 600}")
    # Two years, of which one may be a leap year.
    FLEXSCOPE_KEEP_SCHEDULES: timedelta = setting(
        timedelta(days=731), "How long rows of schedules are kept; the newest of each asset always, values as well"
    )
    FLEXSCOPE_KEEP_SCHEDULE_INPUTS: timedelta = setting(
        timedelta(days=30), "How long what schedules were made from is kept, to compute them again; PT0S: not at all"
    )
    FLEXSCOPE_JOB_TRIES: int = setting(3, "How often a job is started before it counts as failed")
    FLEXSCOPE_JOB_RETRY_AFTER: timedelta = setting(SOON, "Pause before a second try; it doubles with each further one")
    FLEXSCOPE_JOB_LEASE_SECONDS: int = setting(30, "A worker that says nothing for so long counts as gone [s]")
    FLEXSCOPE_INGEST_LATER: bool = setting(False, "Whether posted values wait for an ingestion worker (answer 202)")
    FLEXSCOPE_EMBEDDED_WORKERS: int = setting(2, "Workers per queue inside the server, without Redis; 0: none")

    FLEXMEASURES_REDIS_URL: str = setting(
        "", "Host or redis:// address of the queue; empty: embedded, one machine", hide="password"
    )
    FLEXMEASURES_REDIS_PORT: int = setting(6379, "Port of Redis")
    FLEXMEASURES_REDIS_DB_NR: int = setting(0, "Database number of Redis")
    FLEXMEASURES_REDIS_PASSWORD: str = setting("", "Password of Redis", hide="whole")

    FLEXSCOPE_WATCH: bool = setting(True, "Whether to look for stale or odd data, failed jobs and poor forecasts")
    FLEXSCOPE_WATCH_SECONDS: int = setting(300, "How often to look [s]")
    FLEXMEASURES_DEFAULT_MONITORING_MAIL_RECIPIENTS: list[str] = setting([], "Who is told of alerts by mail")
    FLEXMEASURES_MONITORING_MAIL_RECIPIENTS: list[str] = setting([], "The same by its old name")
    FLEXSCOPE_ALERT_WEBHOOKS: list[str] = setting([], "Addresses that alerts are posted to as JSON", hide="whole")
    FLEXSCOPE_ALERT_QUIET: timedelta = setting(timedelta(hours=6), "How long a cause is not told again")
    FLEXMEASURES_TASK_CHECK_AUTH_TOKEN: str = setting(
        "", "Lets other programs read and note task runs; empty: nobody", hide="whole"
    )
    FLEXSCOPE_METRICS_TOKEN: str = setting("", "Bearer token of /metrics; empty: admins only", hide="whole")
    FLEXSCOPE_LOG_FORMAT: str = setting("text", "text, or json: one object per line")
    FLEXMEASURES_PROFILE_REQUESTS: bool = setting(False, "Whether to profile each request, into the instance folder")
    SENTRY_DSN: str = setting(
        "", "Where errors are sent, with flexscope[sentry] installed; empty: nowhere", hide="whole"
    )
    FLEXMEASURES_SENTRY_CONFIG: dict[str, Any] = setting({}, "Further options of sentry_sdk.init", hide="whole")
