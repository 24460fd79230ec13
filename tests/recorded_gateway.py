"""The databases that running gateways wrote, put where a test wants them: into a file or onto a server."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.gateway import Gateway

_SETTINGS = 'SELECT "key", value FROM t_settings'
_ERRORS = """
SELECT gemini_key, model_name, error_type, error_log, error_code, request_msg, substr(request_time, 1, 19)
FROM t_error_logs ORDER BY id"""
_CALLS = """
SELECT id, substr(request_time, 1, 19), model_name, api_key, is_success, status_code, latency_ms
FROM t_request_log WHERE typeof(status_code) IN ('integer', 'null') ORDER BY id"""


def copy_as_a_server_would_have_it(recorded: Path, gateway: Gateway) -> None:
    """Fill a gateway with what the recorded file holds, as far as MariaDB would have kept it.

    Its times are truncated to seconds, and calls whose status is a text are left out: strict servers reject them.
    """
    with closing(sqlite3.connect(recorded)) as connection:
        for name, value in connection.execute(_SETTINGS):
            gateway.setting(name, value)
        gateway.calls(connection.execute(_CALLS).fetchall())
        gateway.errors(connection.execute(_ERRORS).fetchall())
