"""Every address of the API."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from exchange.api import auditors, exchanging, guidance, joining

urlpatterns = [
    path("schema", SpectacularJSONAPIView.as_view(), name="schema"),
    path("session", joining.Sessions.as_view()),
    path("session/step-up", joining.StepUp.as_view()),
    path("passphrases/suggestion", joining.Passphrases.as_view()),
    path("invitations", joining.Invitations.as_view()),
    path("invitations/take", joining.TakingUp.as_view()),
    path("invitations/confirm", joining.Confirmations.as_view()),
    path("admissions", joining.Admissions.as_view()),
    path("admissions/<uuid:invitation>", joining.OneAdmission.as_view()),
    path("memberships/<uuid:membership>", joining.OneMembership.as_view()),
    path("agencies", joining.Agencies.as_view()),
    path("agreements", joining.Agreements.as_view()),
    path("teams", joining.Teams.as_view()),
    path("teams/<uuid:team>/members", joining.Members.as_view()),
    path("tokens", joining.Tokens.as_view()),
    path("tokens/<uuid:token>", joining.OneToken.as_view()),
    path("instructions", joining.Instructions.as_view()),
    path("guidance", guidance.Guidance.as_view()),
    path("concerns", exchanging.Concerns.as_view()),
    path("concerns/<str:ref>", exchanging.OneConcern.as_view()),
    path("concerns/<str:ref>/documents", exchanging.Documents.as_view()),
    path("records/<str:ref>/documents/<uuid:document>", exchanging.OneDocument.as_view()),
    path("decisions", exchanging.Decisions.as_view()),
    path("decisions/<str:ref>", exchanging.OneDecision.as_view()),
    path("decisions/<str:ref>/countersignature", exchanging.Countersignature.as_view()),
    path("decisions/<str:ref>/completion", exchanging.Completion.as_view()),
    path("emergencies", exchanging.Emergencies.as_view()),
    path("inbox", exchanging.Inbox.as_view()),
    path("sent", exchanging.Sent.as_view()),
    path("disclosures/<str:ref>", exchanging.OneDisclosure.as_view()),
    path("disclosures/<str:ref>/acknowledgement", exchanging.Acknowledgement.as_view()),
    path("disclosures/<str:ref>/answers", exchanging.Answers.as_view()),
    path("disclosures/<str:ref>/taking-back", exchanging.TakingBack.as_view()),
    path("answers/<str:ref>", exchanging.OneAnswer.as_view()),
    path("log/entries", auditors.Entries.as_view()),
    path("log/entries/<int:entry>/why", auditors.OneWhy.as_view()),
    path("log/checkpoint", auditors.Checkpoint.as_view()),
    path("log/verification", auditors.Verification.as_view()),
]
