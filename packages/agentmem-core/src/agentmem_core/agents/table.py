"""The handlers of the agents' own verbs, by operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentmem_core.agents import contextual, core, episodic, knowledge, procedural, resource, semantic, working
from agentmem_core.engine import Engine
from agentmem_core.operations.agents import contextual as contextual_ops
from agentmem_core.operations.agents import core as core_ops
from agentmem_core.operations.agents import episodic as episodic_ops
from agentmem_core.operations.agents import knowledge as knowledge_ops
from agentmem_core.operations.agents import procedural as procedural_ops
from agentmem_core.operations.agents import resource as resource_ops
from agentmem_core.operations.agents import semantic as semantic_ops
from agentmem_core.operations.agents import working as working_ops
from agentmem_core.operations.base import Op

AGENT_HANDLERS: dict[type[Op[Any]], Callable[[Engine, Any], Any]] = {
    core_ops.SetBlock: core.set_block,
    core_ops.AppendToBlock: core.append_to_block,
    core_ops.ReplaceInBlock: core.replace_in_block,
    core_ops.GetBlock: core.get_block,
    core_ops.ListBlocks: core.list_blocks,
    core_ops.DeleteBlock: core.delete_block,
    core_ops.CompileBlocks: core.compile_blocks,
    working_ops.PushItem: working.push,
    working_ops.WorkingItems: working.items,
    working_ops.PromoteItem: working.promote,
    working_ops.ClearItems: working.clear,
    working_ops.SweepItems: working.sweep,
    episodic_ops.RecordEvent: episodic.record,
    episodic_ops.EventsBetween: episodic.between,
    episodic_ops.Timeline: episodic.timeline,
    episodic_ops.EventsAround: episodic.around,
    semantic_ops.LearnFact: semantic.learn,
    semantic_ops.RelateThings: semantic.relate_things,
    semantic_ops.NeighboursOf: semantic.neighbours,
    semantic_ops.PathBetween: semantic.path,
    semantic_ops.AboutThing: semantic.about,
    procedural_ops.TeachProcedure: procedural.teach,
    procedural_ops.ReviseProcedure: procedural.revise,
    procedural_ops.RecordRun: procedural.record_run,
    procedural_ops.GetProcedure: procedural.get_procedure,
    procedural_ops.ListProcedures: procedural.procedures,
    procedural_ops.BestProcedures: procedural.best,
    procedural_ops.DeleteProcedure: procedural.delete_procedure,
    resource_ops.PutFile: resource.put,
    resource_ops.GetFile: resource.get_file,
    resource_ops.ListFiles: resource.files,
    resource_ops.OpenFile: resource.open_file,
    resource_ops.DeleteFile: resource.delete_file,
    knowledge_ops.PutEntry: knowledge.put,
    knowledge_ops.RevealEntry: knowledge.reveal,
    knowledge_ops.GetEntry: knowledge.get_entry,
    knowledge_ops.ListEntries: knowledge.entries,
    knowledge_ops.RotateKey: knowledge.rotate_key,
    knowledge_ops.DeleteEntry: knowledge.delete_entry,
    knowledge_ops.ReadAudit: knowledge.audit,
    contextual_ops.SetState: contextual.set_state,
    contextual_ops.GetState: contextual.get_state,
    contextual_ops.CurrentStates: contextual.current,
    contextual_ops.StateChanges: contextual.changes,
    contextual_ops.DeleteState: contextual.delete_state,
    contextual_ops.CompileStates: contextual.compile_states,
}
