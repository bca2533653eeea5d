"""The bounds of one request, each checked before its work begins; part of ``app.settings.settings.Settings``."""

from dataclasses import dataclass
from datetime import timedelta

from app.settings.declaring import setting
from db.core.bounds import Most, StoreBounds
from engine.importing.layout import FileBounds


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Settings that keep one request from taking what all others need."""

    FLEXSCOPE_MAX_TEXT_LENGTH: int = setting(10_000, "Longest text in one field of a request [characters]")
    FLEXSCOPE_MAX_OBJECT_BYTES: int = setting(65_536, "Largest attributes, flex-model, … of a row [bytes as JSON]")
    FLEXSCOPE_MAX_JSON_PARTS: int = setting(
        100_000, "Most keys and entries in one field of a request; plain numbers of a list do not count"
    )
    FLEXSCOPE_DATABASE_PATIENCE: int = setting(15, "How long a statement waits for what others have locked [s]")
    FLEXSCOPE_MAX_DEVICES: int = setting(200, "Most devices of one plan; 0: no limit")
    FLEXSCOPE_MAX_DEVICES_PER_SENSOR: int = setting(20, "Most devices of a plan behind one power sensor; 0: no limit")
    FLEXSCOPE_MAX_DEVICE_STEPS: int = setting(150_000, "Most devices × steps of one plan; 0: no limit")
    FLEXSCOPE_MAX_PLAN_ENTRIES: int = setting(
        10_000, "Most events and other entries of lists in the flex-models and flex-context of one plan; 0: no limit"
    )
    FLEXSCOPE_MAX_SITES: int = setting(1_000, "Most sites that one request plans together")
    FLEXSCOPE_MAX_FLEET_DEVICE_STEPS: int = setting(
        1_000_000, "Most devices × steps of all sites that one request plans together; 0: no limit"
    )
    FLEXSCOPE_MAX_SCHEDULE_INPUT_BYTES: int = setting(
        2**21,
        "Most bytes kept of what one schedule was made from, or of its prices, compressed; of more nothing is kept",
    )
    FLEXSCOPE_PREVIEW_TIME_LIMIT: timedelta = setting(
        timedelta(seconds=5), "Longest processor time of a preview of a plan; it gives the best plan found"
    )
    FLEXSCOPE_MAX_WAITING: int = setting(100, "Most requests of one user, or of one address, that wait for a thread")
    FLEXSCOPE_WAITING_SECONDS: int = setting(20, "How long a request waits for a thread before it is told 503 [s]")
    FLEXSCOPE_MAX_RECEIVING_BYTES: int = setting(
        2**30, "Most bytes of request bodies kept at a time for one network address"
    )
    FLEXSCOPE_SLOW_CLIENT_SECONDS: int = setting(30, "How long head or a small body of a request may take [s]")
    FLEXSCOPE_IDLE_CONNECTION_SECONDS: int = setting(120, "How long a connection may rest between two requests [s]")

    FLEXSCOPE_MAX_VALUES_READ: int = setting(2_000_000, "Most values of one answer, of all sensors together")
    FLEXSCOPE_MAX_VALUES_WRITTEN: int = setting(
        2_000_000, "Most values one request makes, after longer steps are repeated at the sensor's resolution"
    )
    FLEXSCOPE_MAX_MESSAGES: int = setting(1_000, "Most messages, or columns of a table, posted in one request")
    FLEXSCOPE_MAX_CHART_VALUES: int = setting(500_000, "Most values of one chart, in pages and for other people's")
    FLEXSCOPE_MAX_EXPORT_VALUES: int = setting(20_000_000, "Most values of one exported file")
    FLEXSCOPE_MAX_EXCEL_VALUES: int = setting(200_000, "The same of an Excel file, which takes long to write")

    FLEXSCOPE_MAX_ANNOTATIONS_READ: int = setting(10_000, "Most annotations of one answer")
    FLEXSCOPE_MAX_FILE_VALUES: int = setting(
        20_000_000, "Most values an uploaded file makes, after longer steps are repeated at the sensor's resolution"
    )
    FLEXSCOPE_MAX_FILE_ROWS: int = setting(10_000_000, "Most lines of an uploaded CSV file")
    FLEXSCOPE_MAX_FILE_COLUMNS: int = setting(1_100, "Most columns of an uploaded CSV file")
    FLEXSCOPE_MAX_LINE_LENGTH: int = setting(100_000, "Longest line of an uploaded CSV file [characters]")
    FLEXSCOPE_MAX_CELLS: int = setting(4_000_000, "Most cells of an uploaded sheet, rows times columns")
    FLEXSCOPE_MAX_SHEET_BYTES: int = setting(50 * 2**20, "Largest uploaded Excel or OpenDocument file [bytes]")
    FLEXSCOPE_MAX_SHEET_MEMORY: int = setting(768 * 2**20, "Most memory of the process that reads a sheet [bytes]")
    FLEXSCOPE_MAX_SHEET_SECONDS: int = setting(30, "Most time of a processor to read a sheet [s]")

    @property
    def store_bounds(self) -> StoreBounds:
        """What one read or write of a session of the server may take."""
        return StoreBounds(read=self.most("VALUES_READ"), written=self.most("VALUES_WRITTEN"))

    @property
    def file_bounds(self) -> FileBounds:
        """What one uploaded file may hold."""
        return FileBounds(
            rows=self.FLEXSCOPE_MAX_FILE_ROWS,
            columns=self.FLEXSCOPE_MAX_FILE_COLUMNS,
            line=self.FLEXSCOPE_MAX_LINE_LENGTH,
            cells=self.FLEXSCOPE_MAX_CELLS,
            sheet_bytes=self.FLEXSCOPE_MAX_SHEET_BYTES,
            memory=self.FLEXSCOPE_MAX_SHEET_MEMORY,
            seconds=self.FLEXSCOPE_MAX_SHEET_SECONDS,
        )

    def most(self, name: str) -> Most:
        """Return a bound by its name without ``FLEXSCOPE_MAX_``, with the setting that a refusal tells."""
        setting = f"FLEXSCOPE_MAX_{name}"
        return Most(getattr(self, setting), setting)
