"""Every setting there is: the one place that has its name, variable, kind, default and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "folder", "place", "url", "whole", "seconds", "timeout", "flag", "names"]
"""A folder, and a place that is no URL, are told from the file's folder; a timeout is seconds, or a pair; names are a list."""


@dataclass(frozen=True, slots=True)
class Setting:
    """``key`` is its name in the file, ``section`` the file's table; ``usual`` says the default where it is no fixed value.

    What is ``trusted`` says where something is sent, or who is let in: only a file that was named, or the user's own, may say it.
    Where there are ``local`` ones, it is so for every other: an embedder by the network is sent every text. What ``protects`` is
    added up: a file that was only found takes nothing away from what the user's own says.
    """

    key: str
    kind: Kind
    what: str
    default: Any = None
    usual: str = ""
    section: str = ""
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    shortest: int = 0
    secret: bool = False
    named: str = ""
    in_file: bool = True
    trusted: bool = False
    local: tuple[str, ...] = ()
    protects: bool = False

    def is_trusted(self, value: Any) -> bool:
        """Whether only a file that is trusted may say this value."""
        return self.trusted or (bool(self.local) and value.partition(":")[0] not in self.local)

    @property
    def name(self) -> str:
        """Its name with the section in front, as ``server.port``."""
        return f"{self.section}.{self.key}" if self.section else self.key

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"AGENTMEM_{self.named or self.name.replace('.', '_').upper()}"


_OF_THE_STORE = (
    Setting("path", "folder", "The folder of the store; `:memory:` for one in memory.", usual="the platform's folder for data"),
    Setting("embedder", "text", "What makes vectors: `wordllama`, `chroma-onnx`, `openai:<model>`, `hashing`.", "wordllama", local=("wordllama", "chroma-onnx", "hashing")),
    Setting("index", "text", "What finds in large stores: `chroma`, or `none`.", "chroma", local=("chroma", "none")),
    Setting("durability", "text", "`full` survives a power cut, `normal` a killed process.", "full", choices=("full", "normal")),
    Setting("exact_limit", "whole", "Rows of one user up to which a search is exact, if their vectors take no more than a quarter of `cache_bytes`.", 100_000),
    Setting("cache_bytes", "whole", "Bytes kept in memory for searches.", 512 * 1024 * 1024),
    Setting("file_limit", "whole", "Bytes of the largest file that `memory.resource` keeps.", 50_000_000),
    Setting("redact", "names", "Kinds that are taken out of everything before it is stored: `email`, `phone`, ...", protects=True),
    Setting("block", "names", "Kinds because of which a text is refused.", protects=True),
    Setting("presidio_model", "text", "The spaCy package or folder that finds names.", usual="a small one for each language", trusted=True),
    Setting("presidio_languages", "names", "What it reads: `en`, `zh`.", ("en",), protects=True),
    Setting("vault_key", "text", "What `memory.knowledge` seals with; several with commas, the first one seals.", usual="the keyring's", secret=True, trusted=True),
)  # fmt: skip

_OF_MODELS = (
    Setting("llm", "text", "The language model: `provider:model`, or a server's address with `#model`.", trusted=True),
    Setting("llm_url", "url", "The address of the model's server.", usual="the provider's", trusted=True),
    Setting("llm_api_key", "text", "The key of a server that is given by its address.", secret=True, trusted=True),
    Setting("llm_timeout", "seconds", "Seconds that a model may take.", usual="60; 180 for a server of your own"),
    Setting("router", "text", "Who chooses the kind of a memory: `rules` or `model`.", "rules", choices=("rules", "model")),
    Setting("learner", "text", "Who learns facts: `model` or `rules`.", usual="`model` where there is an llm", choices=("model", "rules")),
    Setting("max_calls", "whole", "Calls of a model that one `add` may make.", 2, section="learning", most=2),
    Setting("max_tokens", "whole", "Tokens of one `add`.", usual="no bound", section="learning", most=2**53),
    Setting("max_calls_per_day", "whole", "Calls of a tenant's day in UTC.", usual="no bound", section="learning", most=2**53),
    Setting("max_tokens_per_day", "whole", "Tokens of a tenant's day in UTC.", usual="no bound", section="learning", most=2**53),
)  # fmt: skip

_OF_CLIENTS = (
    Setting("api_url", "url", "A server that is asked instead of a store in this process.", trusted=True),
    Setting("api_key", "text", "Who asks it; a key of the file is for the address of the file only.", secret=True, trusted=True),
    Setting("timeout", "timeout", "Seconds that a call to it may take, or two: for connecting, and in all.", usual="60; 5 for connecting"),
)  # fmt: skip


def _served(key: str, kind: Kind, what: str, default: Any = None, **more: Any) -> Setting:
    return Setting(key, kind, what, default, section="server", trusted=True, **more)


_OF_THE_SERVER = (
    _served("host", "text", "Where it listens.", "127.0.0.1", named="HOST"),
    _served("port", "whole", "0 takes a free one and says which.", 8080, named="PORT", most=65_535),
    _served("timeout", "seconds", "Seconds of one request.", 30.0),
    _served("grace", "whole", "Seconds for what is under way when it is told to stop.", 30),
    _served("requests", "whole", "Requests at once; more are asked to come again.", 256, least=1),
    _served("readers", "whole", "Processes beside it that answer searches; each takes about 120 MB and its part of `cache_bytes`. 0 is none.", named="READERS", most=64, usual="one less than the CPUs, one for each GB of memory, at most 4"),
    _served("streams", "whole", "Exports, imports and readers of events at once.", 100, least=1),
    _served("streams_per_key", "whole", "The same of one key and its tokens.", 25, least=1),
    _served("connections", "whole", "Connections at once, as far as open files allow.", 4_096, least=1),
    _served("body_bytes", "whole", "Bytes of a request.", 16_000_000, least=1),
    _served("file_body_bytes", "whole", "The same where a file comes with it, in base64.", least=1, usual="as `file_limit` needs"),
    _served("held_bytes", "whole", "Bytes of all the requests at once.", 512_000_000, least=1),
    _served("heartbeat", "seconds", "Seconds between signs of life of event streams.", 15.0),
    _served("events_kept", "whole", "Changes that a reader of events may be behind.", 10_000, least=1),
    _served("origins", "names", "Web pages that browsers may ask from (CORS).", (), usual="none"),
    _served("hosts", "names", "Names by which it may be called.", (), usual="any; without keys those of loopback"),
    _served("metrics", "text", "Who may read `/metrics`: `open` to everyone, `keyed`, `off`.", "keyed", choices=("open", "keyed", "off")),
    _served("metrics_token", "text", "A key for `/metrics` alone, of 16 characters or more.", named="METRICS_TOKEN", shortest=16, secret=True),
    _served("otel", "flag", "Whether spans are sent to `OTEL_EXPORTER_OTLP_ENDPOINT`.", default=False),
    _served("token_secret", "text", "What its own tokens are signed with, 32 random bytes or more.", named="TOKEN_SECRET", secret=True),
    _served("jwks", "place", "The keys of who issues tokens elsewhere: a file, or an https URL.", named="JWKS"),
    _served("token_algorithm", "text", "How they are signed: `RS256` or `EdDSA`.", "RS256", named="TOKEN_ALGORITHM", choices=("RS256", "EdDSA")),
    _served("token_issuer", "text", "Who must have issued a token.", named="TOKEN_ISSUER"),
    _served("token_audience", "text", "Whom it must be for.", named="TOKEN_AUDIENCE"),
    _served("token_claims", "text", "Other names of the claims, as `tenant=org,user=sub`.", named="TOKEN_CLAIMS"),
    _served("limits", "text", "What a key without limits of its own may ask, as `600/minute;100000/day`.", named="LIMITS", usual="no bound"),
    _served("redis_url", "text", "Where several servers count limits together.", named="REDIS_URL", secret=True),
    _served("audit_key", "text", "Keys of the audit's chain in base64, with commas; the first one writes.", named="AUDIT_KEY", secret=True),
)  # fmt: skip

_OF_THE_PROGRAM = (
    Setting("config", "text", "The file of settings; `none` for none.", usual="looked for", in_file=False),
    Setting("profile", "text", "The profile of the file that is in force.", usual="none", in_file=False),
    Setting("debug", "flag", "Whether the command line shows the traceback of an error.", default=False, in_file=False),
)

SETTINGS = {
    setting.name: setting
    for setting in (*_OF_THE_STORE, *_OF_MODELS, *_OF_CLIENTS, *_OF_THE_SERVER, *_OF_THE_PROGRAM)
}  # fmt: skip
"""By their names, as ``embedder`` or ``server.port``."""

SECTIONS = ("learning", "server")

BY_VARIABLE = {setting.variable: setting for setting in SETTINGS.values()}
