"""The providers of language models: where each is, which key opens it, and what of its dialect it speaks.

All of it was checked against what the providers publish, none of it against the providers: ``docs/providers.md`` says so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Speech = Literal["openai", "anthropic", "gemini", "litellm"]
Json = Literal["schema", "shaped", "tool", "object", "told"]
"""How JSON is asked for: by its schema, as an object with a schema, as the argument of a function, as any object, or in words only."""

Bound = Literal["max_tokens", "max_completion_tokens"]

_REASONING = r"^(o\d|gpt-[5-9])|gpt-oss"


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the table.

    ``url`` may hold ``{region}``; ``urls`` and ``keys`` name environment variables, the first that is set counts. ``json`` is what is
    asked for first: what a model refuses is left out. ``says`` puts the schema into the prompt as well. ``extra`` goes into every
    request, mostly to keep models from thinking aloud; ``thinks`` matches names of models that think all the same and need
    room for it.
    """

    name: str
    title: str
    url: str
    keys: tuple[str, ...] = ()
    model: str | None = None
    dialect: Speech = "openai"
    json: Json = "schema"
    bound: Bound = "max_tokens"
    header: str = "Authorization"
    urls: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    open: bool = False
    says: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    thinks: str = _REASONING
    note: str = ""
    source: str = ""

    @property
    def needs_key(self) -> bool:
        """Whether it answers nobody without a key."""
        return bool(self.keys) and not self.open


_NO_THINKING = {"thinking": {"type": "disabled"}}

_TABLE = (
    Provider(
        "openai", "OpenAI", "https://api.openai.com/v1", ("OPENAI_API_KEY",), "gpt-4.1-mini",
        bound="max_completion_tokens", urls=("OPENAI_BASE_URL",),
        source="https://platform.openai.com/docs/api-reference/chat",
    ),
    Provider(
        "azure", "Azure OpenAI", "", ("AZURE_OPENAI_API_KEY",),
        bound="max_completion_tokens", header="api-key", urls=("AZURE_OPENAI_ENDPOINT",),
        aliases=("azure-openai",),
        note="the model is the name of your deployment; with `OPENAI_API_VERSION` (or `AZURE_OPENAI_API_VERSION`) the dated "
        "addresses of deployments are used, without it the v1 API",
        source="https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",
    ),
    Provider(
        "anthropic", "Anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), "claude-haiku-5-5",
        dialect="anthropic", header="x-api-key", urls=("ANTHROPIC_BASE_URL",), aliases=("claude",),
        thinks=r"^claude-[a-z]+-([5-9]|\d\d)",
        source="https://platform.claude.com/docs/en/api/messages",
    ),
    Provider(
        "gemini", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "gemini-3.5-flash-lite",
        dialect="gemini", header="x-goog-api-key", urls=("GOOGLE_GEMINI_BASE_URL",), aliases=("google",), thinks=r"gemini",
        source="https://ai.google.dev/api/generate-content",
    ),
    Provider(
        "mistral", "Mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",), "mistral-small-latest",
        thinks=r"magistral", aliases=("mistralai",),
        source="https://docs.mistral.ai/api/endpoint/chat",
    ),
    Provider(
        "cohere", "Cohere", "https://api.cohere.ai/compatibility/v1", ("COHERE_API_KEY", "CO_API_KEY"), "command-a-03-2025",
        json="shaped", says=True, thinks=r"reasoning", note="through its compatibility API",
        source="https://docs.cohere.com/docs/compatibility-api",
    ),
    Provider(
        "deepseek", "DeepSeek", "https://api.deepseek.com", ("DEEPSEEK_API_KEY",), "deepseek-v4-flash",
        json="object", extra=_NO_THINKING, thinks=r"reasoner",
        source="https://api-docs.deepseek.com/api/create-chat-completion",
    ),
    Provider(
        "groq", "Groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",), "openai/gpt-oss-20b",
        bound="max_completion_tokens", urls=("GROQ_BASE_URL",), thinks=r"gpt-oss|qwen|deepseek",
        source="https://console.groq.com/docs/structured-outputs",
    ),
    Provider(
        "together", "Together", "https://api.together.ai/v1", ("TOGETHER_API_KEY",), "openai/gpt-oss-20b",
        says=True, aliases=("togetherai", "together-ai"), thinks=r"gpt-oss|DeepSeek|Thinking|GLM|Kimi|MiniMax|Qwen3",
        source="https://docs.together.ai/docs/inference/chat/structured-outputs",
    ),
    Provider(
        "fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",),
        "accounts/fireworks/models/kimi-k2p5",
        says=True, aliases=("fireworks-ai",), thinks=r"gpt-oss|deepseek|thinking|glm|kimi|minimax|qwen3",
        source="https://docs.fireworks.ai/structured-responses/structured-response-formatting",
    ),
    Provider(
        "openrouter", "OpenRouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",), "openai/gpt-4.1-mini",
        says=True, thinks=r"gpt-[5-9]|gpt-oss|/o\d|deepseek|gemini|grok|thinking|glm|kimi|minimax|qwen3|claude-[a-z]+-[5-9]",
        source="https://openrouter.ai/docs/structured-outputs",
    ),
    Provider(
        "perplexity", "Perplexity", "https://api.perplexity.ai", ("PERPLEXITY_API_KEY", "PPLX_API_KEY"), "sonar",
        says=True, extra={"disable_search": True}, thinks=r"reasoning|research",
        note="a schema it has not seen takes 10 to 30 s the first time",
        source="https://docs.perplexity.ai/guides/structured-outputs",
    ),
    Provider(
        "xai", "xAI", "https://api.x.ai/v1", ("XAI_API_KEY",), "grok-4.3",
        bound="max_completion_tokens", aliases=("grok",), thinks=r"grok(?!.*non-reasoning)",
        source="https://docs.x.ai/docs/guides/structured-outputs",
    ),
    Provider(
        "zhipu", "Zhipu", "https://open.bigmodel.cn/api/paas/v4", ("ZHIPUAI_API_KEY", "ZAI_API_KEY"), "glm-4.7",
        json="object", extra=_NO_THINKING, urls=("ZHIPUAI_BASE_URL",), aliases=("zhipuai", "bigmodel", "glm", "zai"), thinks=r"(?!)",
        note="another address, such as `https://api.z.ai/api/paas/v4`, by `ZHIPUAI_BASE_URL`",
        source="https://docs.bigmodel.cn/api-reference",
    ),
    Provider(
        "moonshot", "Moonshot", "https://api.moonshot.cn/v1", ("MOONSHOT_API_KEY", "KIMI_API_KEY"), "kimi-k2.6",
        json="object", bound="max_completion_tokens", extra=_NO_THINKING, urls=("MOONSHOT_BASE_URL",),
        aliases=("kimi", "moonshotai"), thinks=r"kimi-k3|code",
        note="outside China `MOONSHOT_BASE_URL=https://api.moonshot.ai/v1`",
        source="https://platform.kimi.ai/docs/api/chat",
    ),
    Provider(
        "qwen", "Qwen (DashScope)", "https://dashscope.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",), "qwen-plus",
        json="object", extra={"enable_thinking": False}, urls=("DASHSCOPE_BASE_URL",), aliases=("dashscope", "bailian"),
        thinks=r"thinking|qwq",
        note="outside China `DASHSCOPE_BASE_URL=https://dashscope-intl.aliyuncs.com/compatible-mode/v1`",
        source="https://www.alibabacloud.com/help/en/model-studio/json-mode",
    ),
    Provider(
        "siliconflow", "SiliconFlow", "https://api.siliconflow.cn/v1", ("SILICONFLOW_API_KEY",), "deepseek-ai/DeepSeek-V4-Flash",
        json="object", extra={"enable_thinking": False}, urls=("SILICONFLOW_BASE_URL",), thinks=r"(?!)",
        note="outside China `SILICONFLOW_BASE_URL=https://api.siliconflow.com/v1`",
        source="https://docs.siliconflow.cn/docs/api/chat-completions-post",
    ),
    Provider(
        "huawei", "Huawei MaaS", "https://api.modelarts-maas.com/v2", ("MAAS_API_KEY", "HUAWEI_MAAS_API_KEY"), "deepseek-v3.1",
        json="object", urls=("MAAS_BASE_URL",), aliases=("maas", "huawei-maas", "modelarts"), thinks=r"(?i)r1",
        note="whether every model takes `response_format` is not said: one that refuses it is asked in words only",
        source="https://support.huaweicloud.com/usermanual-maas-modelarts/maas-modelarts-0083.html",
    ),
    Provider(
        "bedrock", "Amazon Bedrock", "https://bedrock-mantle.{region}.api.aws/v1", ("AWS_BEARER_TOKEN_BEDROCK",),
        "openai.gpt-oss-120b", bound="max_completion_tokens", urls=("AWS_BEDROCK_BASE_URL",), aliases=("aws", "aws-bedrock"),
        thinks=r"gpt-oss|gpt-[5-9]|deepseek|kimi|qwen3|minimax|glm",
        note="its OpenAI-compatible endpoint, which serves open-weight models; `AWS_REGION` (or `AWS_DEFAULT_REGION`) says where. "
        "Claude, Nova and Llama: `litellm:bedrock/<model>`",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions-mantle.html",
    ),
    Provider(
        "ollama", "Ollama", "http://localhost:11434/v1", ("OLLAMA_API_KEY",),
        open=True, says=True, urls=("OLLAMA_HOST",), extra={"reasoning_effort": "none"}, thinks=r"gpt-oss",
        note="`OLLAMA_HOST` as Ollama itself reads it; Ollama cuts a prompt that is longer than its context without a word",
        source="https://docs.ollama.com/api/openai-compatibility",
    ),
    Provider(
        "vllm", "vLLM", "http://localhost:8000/v1", ("VLLM_API_KEY",), open=True, says=True, urls=("VLLM_BASE_URL",),
        source="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    ),
    Provider(
        "lmstudio", "LM Studio", "http://localhost:1234/v1", ("LM_STUDIO_API_KEY",), open=True, says=True,
        urls=("LM_STUDIO_API_BASE",), aliases=("lm-studio",),
        source="https://lmstudio.ai/docs/app/api/structured-output",
    ),
    Provider(
        "litellm", "anything LiteLLM knows", "", dialect="litellm", says=True, thinks=r"(?!)",
        note='`pip install "agentmem-core[litellm]"`; `litellm:<its name of the model>`, with the keys and addresses it reads',
        source="https://docs.litellm.ai/docs/providers",
    ),
)  # fmt: skip

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in _TABLE}
"""The table, by name."""

COMPATIBLE = Provider(
    "compatible", "any compatible server", "", ("AGENTMEM_LLM_API_KEY",), open=True, says=True, thinks=r"gpt-oss"
)
"""A server of which only the address is known."""

_NAMES = {name: provider for provider in _TABLE for name in (provider.name, *provider.aliases)}


def provider_named(name: str) -> Provider | None:
    """The provider of that name or other name, in any case; None if there is none."""
    return _NAMES.get(name.strip().lower().replace("_", "-"))
