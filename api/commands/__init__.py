"""What an operator can ask for at the command line, one file a command."""

from __future__ import annotations

# name → (module, one line of help); a module is imported only when its command is asked for
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve", "start everything: Redis, server processes, worker; stop with Ctrl-C or SIGTERM"),
    "run": ("run", "the same as a demo: demo hospital, demo images, and a link to look at them"),
    "worker": ("worker", "only the background process (serve starts one itself)"),
    "import": ("import_files", "bring DICOM files and folders in"),
    "export": ("export", "give a hospital its original files back, with a manifest"),
    "scrub": ("scrub", "walk over all copies, check each by its own bytes, repair what is wrong"),
    "selfcheck": ("selfcheck", "check database, Redis, stores, disk space, children, codecs and fonts"),
    "hospital": ("hospital", "set up, rename or list hospitals"),
    "token": ("token", "print a bearer token"),
    "handoff": ("handoff", "trust a hospital's own app to say who logged in there"),
    "qr-key": ("qr_key", "replace the key by which a hospital signs its printed QR codes"),
    "hl7": ("hl7", "list, show or replay HL7 messages that could not be taken"),
    "notices": ("notices", "list, replay or settle messages that a person must look at"),
    "audit": ("audit", "verify the audit trail, note its heads, export or cut a piece"),
    "settings": ("settings", "print every setting with its default and meaning"),
    "migrate": ("migrate", "bring the database to this version (serve does it itself)"),
    "demo": ("demo", "load the demo hospitals and images into a demo data folder"),
}
HIDDEN = {"serve-process": "serve_process"}
