"""What every class here has in common: which store it works on, and whose memory it is."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

from pydantic import BaseModel, PrivateAttr, ValidationError

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError

GIVEN = "client"
"""What a dump says about a store that came as ``client=``: a new process cannot know which one that was."""


class Opened(BaseModel):
    """A store and a default scope. They are part of a dump, the key is not."""

    path: str | None = None
    api_url: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    store: str = "path"

    _in_session: ClassVar[bool] = True
    """Whether reads keep to the session; a chat memory looks into all of them."""
    _client: AgentMem = PrivateAttr()

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        llm: Any = None,
        **fields: Any,
    ) -> None:
        """A client of yours, or the store at ``path`` or ``api_url``, opened once a process."""
        unknown = sorted(set(fields) - set(type(self).model_fields))
        if unknown:
            raise InvalidInputError(f"{type(self).__name__} has no argument {', '.join(unknown)}")
        if client is None and fields.get("store") == GIVEN:
            raise NotConfiguredError(
                f"this {type(self).__name__} was made with client=, which a dump cannot carry; make it with path= or api_url=, "
                "or make it anew with the client"
            )
        fields["store"] = "path" if client is None else GIVEN
        session = fields.get("session_id")
        opened = AgentMem.shared(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id,
            session_id=session if self._in_session else None, llm=llm, learner=fields.get("learner"),
        )  # fmt: skip
        opened.scoped(session_id=session)  # refuses a name that is none
        try:
            super().__init__(
                path=None if path is None else os.fspath(path),
                api_url=api_url,
                user_id=user_id,
                agent_id=agent_id,
                **fields,
            )
        except ValidationError as error:
            raise InvalidInputError(_explained(error)) from error
        self._client = opened

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """What ``to_dict`` wrote, opened again."""
        return cls(**{name: value for name, value in {**data, **kwargs}.items() if name != "class_name"})

    @property
    def client(self) -> AgentMem:
        """The client it works through, with the default scope of this object."""
        return self._client


def _explained(error: ValidationError) -> str:
    """What is wrong with which argument."""
    found = error.errors(include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}, got {one['input']!r:.100}" for one in found)
