"""How Asterisk's names become Rust's, and what its descriptions leave out.

What is not in these tables follows from the description: `snake_case` of a nickname, `CamelCase` of
a word.
"""

import re

# The Rust modules, and what their objects are called in prose.
RESOURCES = {
    "applications": "Stasis applications",
    "asterisk": "Asterisk itself: modules, logs, configuration, global variables",
    "bridges": "bridges",
    "channels": "channels",
    "deviceStates": "device states",
    "endpoints": "endpoints",
    "events": "user events and claims",
    "mailboxes": "mailboxes",
    "playbacks": "playbacks",
    "recordings": "recordings, live and stored",
    "sounds": "sounds",
}

# Handles: what an operation is a method of. The longest path that begins an operation's path wins.
# path, accessor of the client, type, documentation
HANDLES = [
    ("/applications", "applications", "Applications", "All Stasis applications."),
    ("/applications/{applicationName}", "application", "ApplicationHandle", "One Stasis application."),
    ("/asterisk", "asterisk", "Asterisk", "Asterisk itself."),
    ("/bridges", "bridges", "Bridges", "All bridges."),
    ("/bridges/{bridgeId}", "bridge", "BridgeHandle", "One bridge."),
    ("/channels", "channels", "Channels", "All channels."),
    ("/channels/{channelId}", "channel", "ChannelHandle", "One channel."),
    ("/deviceStates", "device_states", "DeviceStates", "All device states that ARI controls."),
    ("/deviceStates/{deviceName}", "device_state", "DeviceStateHandle", "The state of one device."),
    ("/endpoints", "endpoints", "Endpoints", "All endpoints."),
    ("/endpoints/{tech}/{resource}", "endpoint", "EndpointHandle", "One endpoint."),
    ("/events", "events", "Events", "User events and claims."),
    ("/mailboxes", "mailboxes", "Mailboxes", "All mailboxes."),
    ("/mailboxes/{mailboxName}", "mailbox", "MailboxHandle", "One mailbox."),
    ("/playbacks/{playbackId}", "playback", "PlaybackHandle", "One playback."),
    ("/recordings", "recordings", "Recordings", "All recordings."),
    ("/recordings/live/{recordingName}", "live_recording", "LiveRecordingHandle", "A recording that is being made."),
    ("/recordings/stored/{recordingName}", "stored_recording", "StoredRecordingHandle", "A recording on disk."),
    ("/sounds", "sounds", "Sounds", "All sounds."),
    ("/sounds/{soundId}", "sound", "SoundHandle", "One sound."),
]

# The one operation that is no method: `AriEvents` opens the websocket.
WEBSOCKET = ("events", "eventWebsocket")

# Where the nickname repeats what its handle says.
METHODS = {
    ("asterisk", "getInfo"): "info",
    ("asterisk", "listModules"): "modules",
    ("asterisk", "getModule"): "module",
    ("asterisk", "listLogChannels"): "log_channels",
    ("asterisk", "getGlobalVar"): "variable",
    ("asterisk", "setGlobalVar"): "set_variable",
    ("bridges", "createWithId"): "create",
    ("bridges", "getBridgeVar"): "variable",
    ("bridges", "setBridgeVar"): "set_variable",
    ("bridges", "getBridgeVars"): "variables",
    ("bridges", "setBridgeVars"): "set_variables",
    ("channels", "originateWithId"): "originate",
    ("channels", "move"): "move_to",
    ("channels", "sendDTMF"): "send_dtmf",
    ("channels", "getChannelVar"): "variable",
    ("channels", "setChannelVar"): "set_variable",
    ("channels", "getChannelVars"): "variables",
    ("channels", "setChannelVars"): "set_variables",
    ("channels", "snoopChannel"): "snoop",
    ("channels", "snoopChannelWithId"): "snoop_with_id",
    ("channels", "rtpstatistics"): "rtp_statistics",
    ("endpoints", "sendMessageToEndpoint"): "send_message",
    ("endpoints", "referToEndpoint"): "refer",
    ("recordings", "getStored"): "get",
    ("recordings", "deleteStored"): "delete",
    ("recordings", "getStoredFile"): "file",
    ("recordings", "copyStored"): "copy",
    ("recordings", "getLive"): "get",
}

# Optional parameters without which the operation means nothing: they are arguments.
ARGUMENTS = {
    ("setGlobalVar", "value"),
    ("setBridgeVar", "value"),
    ("setChannelVar", "value"),
    ("sendDTMF", "dtmf"),
    # Asterisk 22.10 refuses both without it, whatever default is described.
    ("mute", "direction"),
    ("unmute", "direction"),
}

TYPES = {
    "CallerID": "CallerId",
    "DialplanCEP": "DialplanCep",
    "RTPstat": "RtpStat",
    "RESTHeader": "RestHeader",
    "RESTQueryStringParameter": "RestQueryStringParameter",
    "RESTRequest": "RestRequest",
    "RESTResponse": "RestResponse",
}

FIELDS = {"type": "kind", "ref": "reference"}

# Enumerations: by model and property, or by parameter.
ENUMS = {
    ("Bridge", "bridge_type"): "BridgeType",
    ("Channel", "state"): "ChannelState",
    ("ContactInfo", "contact_status"): "ContactStatus",
    ("DeviceState", "state"): "DeviceStatus",
    ("Endpoint", "state"): "EndpointState",
    ("LiveRecording", "state"): "RecordingState",
    ("Playback", "state"): "PlaybackState",
    ("getInfo", "only"): "InfoPart",
    ("hangup", "reason"): "HangupReason",
    ("mute", "direction"): "MuteDirection",
    ("unmute", "direction"): "MuteDirection",
    ("record", "ifExists"): "IfExists",
    ("record", "terminateOn"): "TerminateOn",
    ("snoopChannel", "spy"): "SnoopDirection",
    ("snoopChannel", "whisper"): "SnoopDirection",
    ("snoopChannelWithId", "spy"): "SnoopDirection",
    ("snoopChannelWithId", "whisper"): "SnoopDirection",
    ("externalMedia", "encapsulation"): "Encapsulation",
    ("externalMedia", "transport"): "Transport",
    ("externalMedia", "connection_type"): "ConnectionType",
    ("externalMedia", "direction"): "MediaDirection",
    ("update", "deviceState"): "DeviceStatus",
    ("control", "operation"): "PlaybackOperation",
}
# An enumeration that several resources share stands with the first that it is found in.

VARIANTS = {
    "*": "Star",
    "#": "Pound",
    "Rsrved": "Reserved",
    "NOT_INUSE": "NotInUse",
    "INUSE": "InUse",
    "RINGINUSE": "RingInUse",
    "ONHOLD": "OnHold",
}

# Other spellings that Asterisk itself uses.
SPELLINGS = {
    # What `ast_state2str` writes; the description says otherwise.
    "Rsrved": ["Rsrvd"],
}

# Values that belong to the dialplan or to users: only shortened, not cleaned for a terminal.
VALUES = {
    ("ChannelVarset", "value"),
    ("ConfigTuple", "value"),
    ("RESTRequest", "message_body"),
    ("RESTResponse", "message_body"),
    ("TextMessage", "body"),
    ("Variable", "value"),
}

# Properties without a description.
DESCRIPTIONS = {
    ("SystemInfo", "entity_id"): "Its entity id, usually a MAC address.",
    ("CallerID", "name"): "Display name; empty when unknown.",
    ("CallerID", "number"): "Number; empty when unknown.",
    ("Channel", "state"): "What it is doing: ringing, up, …",
    ("Channel", "caller"): "The calling party.",
    ("Channel", "connected"): "The connected party at the other end, if known.",
    ("Channel", "accountcode"): "Account code, as call detail records have it.",
}

# What the description does not say, and what happens.
NOTES = {
    ("StasisStart", None):
        "An external-media channel enters the application as well: that is no new call.",
    ("StasisEnd", None):
        "The channel hung up, or went back to the dialplan. For a channel from the dialplan this is the "
        "last event, unless the application subscribed to the channel: no `ChannelDestroyed` follows.",
    ("Dial", None): "An unanswered originate ends with `ChannelDestroyed` alone.",
    ("Dial", "dialstatus"):
        "Empty when dialling starts, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`, `NOANSWER`, "
        "`CONGESTION`, `CHANUNAVAIL`, `CANCEL`.",
    ("ChannelHangupRequest", "cause"):
        "With `soft` it is one of Asterisk's `AST_SOFTHANGUP_` flags instead, 32 for an explicit order. "
        "The BYE of a SIP telephone has neither.",
    ("ChannelDestroyed", "cause"):
        "Q.850: 16 normal clearing, 17 busy, 19 no answer, 21 rejected; 0 is unknown.",
    ("ChannelDtmfReceived", None):
        "Digits less than 45 ms apart are each published twice (Asterisk 22.10).",
    ("PlaybackFinished", None): "A sound that does not exist ends with the state `failed`.",
    ("ApplicationReplaced", None):
        "`AriEvents` reports it as `AriSignal::Replaced` and does not fight over the name.",
    ("Channel", "name"): "It may change during a call; the id never does.",
    ("DialplanCEP", "exten"): "The number dialled; `s` where one extension takes all calls.",
}

OPERATION_NOTES = {
    ("channels", "redirect"):
        "SIP answers 302 before the call is up and sends a REFER after; `Local` channels can't.",
    ("channels", "externalMedia"):
        "With `tcp`, our listener must be up before: Asterisk connects while it makes the channel, and "
        "answers 500 when it can't. The channel enters the application by itself.",
    ("channels", "play"):
        "A sound that does not exist is accepted here and reported by `PlaybackFinished`.",
    ("channels", "originate"):
        "It returns long before anybody answers. The outcome comes as events: `Dial`, `StasisStart`, "
        "`ChannelDestroyed` with the cause.",
    ("bridges", "destroy"): "The channels in it stay up, on their own.",
    ("applications", "unsubscribe"):
        "Asterisk counts subscriptions, its own too: each request ends one.",
}


def snake(name: str) -> str:
    """`maxDurationSeconds` → `max_duration_seconds`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return FIELDS.get(name, name)


def camel(word: str) -> str:
    """`no_answer`, `Dialing Offhook`, `BUSY` → `NoAnswer`, `DialingOffhook`, `Busy`."""
    if word in VARIANTS:
        return VARIANTS[word]
    parts = re.split(r"[^A-Za-z0-9]+", word)
    return "".join(p.capitalize() if p.isupper() or p.islower() else p[0].upper() + p[1:] for p in parts)


def rust_type(name: str) -> str:
    return TYPES.get(name, name)
