"""The shop's rules as typed values: shipped with their sources, overridden by a person's own file."""

from config.calendars import Calendar, Span, Ticking
from config.policies.case_types import Types, load_case_types
from config.policies.claim_dates import Window, window
from config.policies.claims import AppealStep, ClaimRule, ClaimsPolicy, EvidenceRule, load_claims
from config.policies.desk import DeskPolicy, Firing, StepRule, due_of
from config.policies.desk_file import load_desk
from config.policies.detection import (
    AwaitingPolicy,
    DetectionPolicy,
    FailedAttemptPolicy,
    IncidentPolicy,
    PollingPolicy,
    PromisePolicy,
    RegionPolicy,
    RiskPolicy,
    Threshold,
    WorthPolicy,
)
from config.policies.detection_file import load_detection
from config.policies.enquiries import EnquiryPolicy, load_enquiries
from config.policies.make_good import load_make_good
from config.policies.privacy import PrivacyPolicy, load_privacy

__all__ = [
    "AppealStep",
    "AwaitingPolicy",
    "Calendar",
    "ClaimRule",
    "ClaimsPolicy",
    "DeskPolicy",
    "DetectionPolicy",
    "EnquiryPolicy",
    "EvidenceRule",
    "FailedAttemptPolicy",
    "Firing",
    "IncidentPolicy",
    "PollingPolicy",
    "PrivacyPolicy",
    "PromisePolicy",
    "RegionPolicy",
    "RiskPolicy",
    "Span",
    "StepRule",
    "Threshold",
    "Ticking",
    "Types",
    "Window",
    "WorthPolicy",
    "due_of",
    "load_case_types",
    "load_claims",
    "load_desk",
    "load_detection",
    "load_enquiries",
    "load_make_good",
    "load_privacy",
    "window",
]
