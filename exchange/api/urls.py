"""Every address of the API."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from exchange.api import (
    auditors,
    concerns,
    decisions,
    directory,
    disclosures,
    documents,
    guidance,
    joining,
    sessions,
    tokens,
)
from exchange.api.door import Nowhere

urlpatterns = [
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("session", sessions.Sessions.as_view()),
    path("session/step-up", sessions.StepUp.as_view()),
    path("passphrases/suggestion", sessions.Passphrases.as_view()),
    path("invitations", joining.Invitations.as_view()),
    path("invitations/take", joining.TakingUp.as_view()),
    path("invitations/confirm", joining.Confirmations.as_view()),
    path("recoveries", sessions.Recoveries.as_view()),
    path("passphrase", sessions.OwnPassphrase.as_view()),
    path("people/<uuid:person>", directory.OnePerson.as_view()),
    path("admissions", joining.Admissions.as_view()),
    path("admissions/<uuid:invitation>", joining.OneAdmission.as_view()),
    path("memberships/<uuid:membership>", directory.OneMembership.as_view()),
    path("agencies", directory.Agencies.as_view()),
    path("agreements", directory.Agreements.as_view()),
    path("teams", directory.Teams.as_view()),
    path("teams/<uuid:team>/members", directory.Members.as_view()),
    path("tokens", tokens.Tokens.as_view()),
    path("tokens/<uuid:token>", tokens.OneToken.as_view()),
    path("instructions", tokens.Instructions.as_view()),
    path("guidance", guidance.Guidance.as_view()),
    path("concerns", concerns.Concerns.as_view()),
    path("concerns/<str:ref>", concerns.OneConcern.as_view()),
    path("concerns/<str:ref>/documents", documents.Documents.as_view()),
    path("records/<str:ref>/documents/<uuid:document>", documents.OneDocument.as_view()),
    path("decisions", decisions.Decisions.as_view()),
    path("decisions/<str:ref>", decisions.OneDecision.as_view()),
    path("decisions/<str:ref>/countersignature", decisions.Countersignature.as_view()),
    path("decisions/<str:ref>/completion", decisions.Completion.as_view()),
    path("emergencies", decisions.Emergencies.as_view()),
    path("inbox", disclosures.Inbox.as_view()),
    path("sent", disclosures.Sent.as_view()),
    path("disclosures/<str:ref>", disclosures.OneDisclosure.as_view()),
    path("disclosures/<str:ref>/acknowledgement", disclosures.Acknowledgement.as_view()),
    path("disclosures/<str:ref>/answers", disclosures.Answers.as_view()),
    path("disclosures/<str:ref>/taking-back", disclosures.TakingBack.as_view()),
    path("answers/<str:ref>", disclosures.OneAnswer.as_view()),
    path("log/entries", auditors.Entries.as_view()),
    path("log/entries/<int:entry>/why", auditors.OneWhy.as_view()),
    path("log/checkpoint", auditors.Checkpoint.as_view()),
    path("log/verification", auditors.Verification.as_view()),
    path("<path:unknown>", Nowhere.as_view()),  # last: whatever else is asked for, refused in the API's own way
]
