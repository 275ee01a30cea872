"""The app with its pretend EHR, as the tests of the web room have it."""

from tests.web.conftest import *  # noqa: F403
