"""The face of the library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from agentmem_core.client.adding import AddingVerbs
from agentmem_core.client.learning import LearningVerbs
from agentmem_core.client.memories import MemoryVerbs
from agentmem_core.client.recall import RecallVerbs
from agentmem_core.client.sharing import Borrowed, lease
from agentmem_core.client.store import StoreVerbs
from agentmem_core.client.vectors import VectorVerbs
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Scope
from agentmem_core.operations import build
from agentmem_core.ports import Backend

if TYPE_CHECKING:
    from agentmem_core.client.agents import Agents
    from agentmem_core.client.agents.contextual import ContextualAgent
    from agentmem_core.client.agents.core import CoreAgent
    from agentmem_core.client.agents.episodic import EpisodicAgent
    from agentmem_core.client.agents.knowledge import KnowledgeAgent
    from agentmem_core.client.agents.procedural import ProceduralAgent
    from agentmem_core.client.agents.resource import ResourceAgent
    from agentmem_core.client.agents.semantic import SemanticAgent
    from agentmem_core.client.agents.working import WorkingAgent
    from agentmem_core.learning.budget import LearningBudget


class AgentMem(AddingVerbs, LearningVerbs, RecallVerbs, MemoryVerbs, StoreVerbs, VectorVerbs):
    """A long-term memory.

    >>> memory = AgentMem(":memory:")
    >>> _ = memory.add("I moved to Lisbon in May", user_id="ana")
    >>> memory.search("where does she live?", user_id="ana")[0].memory.content
    'I moved to Lisbon in May'
    >>> memory.close()

    Safe to use from many threads and, through the verbs that begin with ``a``, from any event loop; not after a fork.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        tenant: str = "default",
        user_id: str = "default",
        agent_id: str | None = None,
        session_id: str | None = None,
        embedder: Any = None,
        index: Any = None,
        durability: str | None = None,
        llm: Any = None,
        router: str | None = None,
        learner: str | None = None,
        learning: LearningBudget | Mapping[str, int | None] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        exact_limit: int | None = None,
        cache_bytes: int | None = None,
        redact: Any = None,
        block: Any = None,
        backend: Backend | None = None,
    ) -> None:
        """Open the store in the folder ``path``; ``":memory:"`` keeps it in memory, None takes the platform's data folder.

        ``redact`` and ``block`` name what is taken out of everything before it is stored, and what is refused: ``email``, ``phone``,
        ``card``, ``iban``, ``id``, or patterns of your own.

        What is not given the environment says (``AGENTMEM_PATH``, ``AGENTMEM_EMBEDDER``, ...), then the file ``agentmem.toml``, then the
        default (``agentmem config show`` tells which; docs/configuration.md). ``embedder`` is a name (``wordllama``, ``chroma-onnx``, ``openai:<model>``, ``hashing``), an
        ``Embedder`` or a function from texts to vectors. ``durability="full"`` survives power loss, ``"normal"`` a killed
        process. ``llm`` is a model's name (``"openai:gpt-4.1-mini"``, ``"ollama:qwen3"``, ``"http://host:port/v1#model"``) or a ``LanguageModel``.
        ``router="model"`` lets the model ``llm`` say what kind of memory a text is, instead of rules. ``learner`` says who
        learns facts with ``infer=``: ``"model"``, which is the default where there is an ``llm``, or ``"rules"``; ``learning`` is a
        ``LearningBudget``, or a dict of its bounds. ``exact_limit`` is the number of rows of one user beyond which the index answers instead of an exact search,
        ``cache_bytes`` bounds what is kept in memory. ``backend`` takes the place of all of these.

        ``api_url`` asks a server instead, which decides about all of these; ``api_key`` says who asks. ``timeout`` is how many
        seconds a call may take, its repetitions included, or a pair: how many connecting may take, and the call.
        """
        self._scope = build(Scope, tenant=tenant, user_id=user_id, agent_id=agent_id, session_id=session_id)
        if backend is not None:
            self._backend = backend
            return
        from agentmem_core.connect import Config, connect

        self._backend = connect(
            Config(
                redact=redact, block=block,
                path=path, tenant=tenant, embedder=embedder, index=index, durability=durability, llm=llm, router=router, api_url=api_url,
                api_key=api_key, timeout=timeout, exact_limit=exact_limit, cache_bytes=cache_bytes, learner=learner, learning=learning,
            )
        )  # fmt: skip

    @cached_property
    def agents(self) -> Agents:
        """The eight agents."""
        from agentmem_core.client.agents import Agents

        return Agents(self._backend, self._scope)

    @cached_property
    def core(self) -> CoreAgent:
        """Labelled blocks that are always in context."""
        from agentmem_core.client.agents.core import CoreAgent

        return CoreAgent(self._backend, self._scope)

    @cached_property
    def working(self) -> WorkingAgent:
        """A scratchpad."""
        from agentmem_core.client.agents.working import WorkingAgent

        return WorkingAgent(self._backend, self._scope)

    @cached_property
    def episodic(self) -> EpisodicAgent:
        """What happened."""
        from agentmem_core.client.agents.episodic import EpisodicAgent

        return EpisodicAgent(self._backend, self._scope)

    @cached_property
    def semantic(self) -> SemanticAgent:
        """Facts and how they relate."""
        from agentmem_core.client.agents.semantic import SemanticAgent

        return SemanticAgent(self._backend, self._scope)

    @cached_property
    def procedural(self) -> ProceduralAgent:
        """Skills as steps."""
        from agentmem_core.client.agents.procedural import ProceduralAgent

        return ProceduralAgent(self._backend, self._scope)

    @cached_property
    def resource(self) -> ResourceAgent:
        """Files and what they say."""
        from agentmem_core.client.agents.resource import ResourceAgent

        return ResourceAgent(self._backend, self._scope)

    @cached_property
    def knowledge(self) -> KnowledgeAgent:
        """Values that only the holder of a key can read."""
        from agentmem_core.client.agents.knowledge import KnowledgeAgent

        return KnowledgeAgent(self._backend, self._scope)

    @cached_property
    def contextual(self) -> ContextualAgent:
        """The state around the user now."""
        from agentmem_core.client.agents.contextual import ContextualAgent

        return ContextualAgent(self._backend, self._scope)

    @classmethod
    def shared(
        cls,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        timeout: float | tuple[float, float] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        embedder: Any = None,
        llm: Any = None,
        learner: str | None = None,
    ) -> AgentMem:
        """``client`` with another default scope; or a client of the store at ``path``, opened once a process.

        All clients of one store, embedder, model and learner that are made this way share one cache and one set of files, which
        are closed with the last of them; those with another model open the store once more, so that nobody asks another's. That is what objects of a framework want, of which there may be one for each user or request.
        ``":memory:"`` is never shared.
        """
        if client is not None:
            if not isinstance(client, AgentMem):
                raise InvalidInputError(f"client: must be an AgentMem, not {type(client).__name__}")
            if any(given is not None for given in (path, api_url, api_key, timeout, embedder, llm, learner)):
                raise InvalidInputError(
                    "client: is a store already; leave out path, api_url, api_key, timeout, embedder, llm and learner"
                )
            return client.scoped(user_id=user_id, agent_id=agent_id, session_id=session_id)
        from agentmem_core.connect import Config, connect, place

        config = Config(
            path=path, api_url=api_url, api_key=api_key, timeout=timeout, embedder=embedder, llm=llm, learner=learner
        )  # fmt: skip
        found = place(config)
        backend = connect(config) if found is None else lease(found.key, found.mark, lambda: connect(config))
        return cls(
            backend=backend, user_id="default" if user_id is None else user_id, agent_id=agent_id, session_id=session_id
        )

    def scoped(
        self, *, user_id: str | None = None, agent_id: str | None = None, session_id: str | None = None
    ) -> AgentMem:
        """The same store with another default scope; what is not given stays. Closing it leaves the store open."""
        scope = self._within(user_id, agent_id, session_id)
        return type(self)(
            backend=Borrowed(self._backend), tenant=scope.tenant, user_id=scope.user_id, agent_id=scope.agent_id,
            session_id=scope.session_id,
        )  # fmt: skip

    def __copy__(self) -> AgentMem:
        return self.scoped()

    def __deepcopy__(self, memo: dict[int, Any]) -> AgentMem:
        """A client of the same store: frameworks copy their parts deeply, and a store has no second copy."""
        return self.scoped()

    def __reduce__(self) -> NoReturn:
        raise TypeError("AgentMem: an opened store cannot be pickled; open AgentMem in the other process")

    def close(self) -> None:
        """Finish what is under way and let go of the files; closing again does nothing."""
        self._backend.close()

    async def aclose(self) -> None:
        """``close`` without blocking the event loop."""
        await self._backend.aclose()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def __repr__(self) -> str:
        """Whose memory it is; nothing of what it holds."""
        return f"AgentMem(tenant={self._scope.tenant!r}, user_id={self._scope.user_id!r})"
