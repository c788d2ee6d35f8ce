"""An S3 server of the test's own (moto's), and what a machine knows of it."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator

import pytest

LACKS = [name for name in ("s3fs", "moto", "flask", "flask_cors") if importlib.util.find_spec(name) is None]
NAME = "results"


def server() -> Iterator[dict[str, str]]:
    """A running server with a bucket in it: the environment of a machine that may use it."""
    if LACKS:
        pytest.skip(f"no S3 server: {', '.join(LACKS)} not installed")
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    import s3fs

    keys = {"key": "test", "secret": "test", "endpoint_url": environ["AWS_ENDPOINT_URL"]}
    s3fs.S3FileSystem(**keys, skip_instance_cache=True).mkdir(NAME)
    yield environ
    running.stop()
