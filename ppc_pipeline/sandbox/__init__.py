"""A local stand-in for the Amazon Ads API, to run everything without an account.

Here: Login with Amazon, profiles, the entity lists and reporting v3 of all sponsored ads, with data that is made up but
coherent, restated like Amazon's, and the same in every process. Not here: anything of the project that calls it; of
the rest of the package it knows the report types alone.
"""

from ppc_pipeline.sandbox.app import create_app
from ppc_pipeline.sandbox.faults import PROFILES, Fault, UnknownFaultError, rules_of
from ppc_pipeline.sandbox.options import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
)
from ppc_pipeline.sandbox.server import running, serve

__all__ = [
    "PROFILES",
    "SANDBOX_CLIENT_ID",
    "SANDBOX_CLIENT_SECRET",
    "SANDBOX_REFRESH_TOKEN",
    "Fault",
    "SandboxOptions",
    "UnknownFaultError",
    "create_app",
    "rules_of",
    "running",
    "serve",
]
