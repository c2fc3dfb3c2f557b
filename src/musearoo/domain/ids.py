"""Distinct types for every id, so that one cannot be passed for another. All are UUID text."""

from typing import NewType

UserId = NewType("UserId", str)
ProjectId = NewType("ProjectId", str)
# A project has exactly one session for life; the session carries the project's id.
SessionId = NewType("SessionId", str)
AnalysisId = NewType("AnalysisId", str)
GenerationId = NewType("GenerationId", str)
TakeId = NewType("TakeId", str)
AssetId = NewType("AssetId", str)
ExportId = NewType("ExportId", str)
InvitationId = NewType("InvitationId", str)
JobId = NewType("JobId", str)
FamilyId = NewType("FamilyId", str)
CommandId = NewType("CommandId", str)
