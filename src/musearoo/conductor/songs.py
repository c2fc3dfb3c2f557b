"""Songs from takes: one part, or the whole project as it plays now."""

import asyncio
from typing import Literal

from musearoo.conductor.takes import Takes
from musearoo.conductor.values import unpack
from musearoo.conductor.world import World
from musearoo.domain.context import EngineContext
from musearoo.domain.engine import EngineDescription
from musearoo.domain.errors import Conflict, NotFound
from musearoo.domain.ids import SessionId, TakeId
from musearoo.domain.music.tempo_map import TempoMap
from musearoo.domain.records import Project, Take
from musearoo.domain.session.state import SessionState
from musearoo.domain.song import Song, SongPart, balanced
from musearoo.ports.work import Lane

Form = Literal["midi", "wav", "svg"]


class Songs:
    """Builds the song model and has it turned into files."""

    def __init__(self, world: World, takes: Takes) -> None:
        self._world = world
        self._takes = takes

    async def take_as(self, form: Form, take_id: TakeId) -> bytes:
        """One take as a MIDI file, a WAV file or an SVG score."""
        take = await self._world.store.read(lambda tx: tx.work.take(take_id))
        if take is None:
            raise NotFound("take")
        return await self.song_as(form, self.of_take(take))

    async def song_as(self, form: Form, song: Song, lane: Lane = "interactive") -> bytes:
        """A song as a MIDI file, a WAV file or an SVG score."""
        match form:
            case "midi":
                return await asyncio.to_thread(self._world.exporters["midi"].export, song)
            case "wav":
                return await self._world.renderer.audio(song, format="wav", lane=lane)
            case "svg":
                return await self._world.renderer.notation(song, lane=lane)

    def of_take(self, take: Take) -> Song:
        """The song of one take, on the tempo, meter, key and chords it was played to."""
        context = unpack(take.context, EngineContext)
        return Song(
            title=f"{take.part} {take.id[-6:]}",
            bars=take.bars,
            parts=(self._part(take),),
            tempo_map=TempoMap.constant(context.tempo_millibpm / 1000),
            meter=context.meter,
            key=context.key,
            chords=context.chords,
            sections=context.sections,
        )

    async def of_project(self, project: Project, state: SessionState) -> Song:
        """All parts of a project as it plays now; raises `Conflict` when there are none."""
        takes = await self._takes.selected(state, SessionId(project.id))
        if not takes:
            raise Conflict("The project has no takes yet; generate a part first.")
        return Song(
            title=project.name,
            bars=max(state.bars, *(take.bars for take in takes.values())),
            parts=tuple(self._part(take) for take in takes.values()),
            tempo_map=_from_zero(state.tempo_map),
            meter=state.meter,
            key=state.key,
            chords=state.chords,
            sections=state.sections,
        )

    def _part(self, take: Take) -> SongPart:
        engine = self._description(take.recipe.engine)
        return balanced(
            SongPart(
                name=take.part,
                title=engine.title if engine is not None else take.part,
                notes=take.notes,
                program=engine.program if engine is not None else 0,
            )
        )

    def _description(self, engine: str) -> EngineDescription | None:
        known = {each.name: each for each in self._world.engines.engines()}
        return known.get(engine)


def _from_zero(tempo_map: TempoMap) -> TempoMap:
    """Files begin at bar 1, wherever that was in the recording."""
    return TempoMap(tempo_map.changes)
