"""The server asked over HTTP: how operations travel, and the backend that sends them."""

from agentmem_core.http.problems import Problem, error_of, problem_of
from agentmem_core.http.requests import Call, Request, call_of, request_of
from agentmem_core.http.routes import ROUTE_OF, ROUTES, SHORTCUTS, Route, ScopeNames

__all__ = [
    "ROUTES",
    "ROUTE_OF",
    "SHORTCUTS",
    "Call",
    "Problem",
    "Request",
    "Route",
    "ScopeNames",
    "call_of",
    "error_of",
    "problem_of",
    "request_of",
]
