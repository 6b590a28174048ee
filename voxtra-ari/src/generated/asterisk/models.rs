//! Models of Asterisk itself: modules, logs, configuration, global variables.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// Info about how Asterisk was built.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BuildInfo {
    /// OS Asterisk was built on.
    pub os: String,
    /// Kernel version Asterisk was built on.
    pub kernel: String,
    /// Compile time options, or empty string if default.
    pub options: String,
    /// Machine architecture (x86_64, i686, ppc, etc.).
    pub machine: String,
    /// Date and time when Asterisk was built.
    pub date: String,
    /// Username that build Asterisk.
    pub user: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for BuildInfo {
    const NAME: &'static str = "BuildInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            os: fields.take("os")?,
            kernel: fields.take("kernel")?,
            options: fields.take("options")?,
            machine: fields.take("machine")?,
            date: fields.take("date")?,
            user: fields.take("user")?,
            other: fields.rest(),
        })
    }
}

/// Info about Asterisk.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SystemInfo {
    /// Asterisk version.
    pub version: String,
    /// Its entity id, usually a MAC address.
    pub entity_id: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for SystemInfo {
    const NAME: &'static str = "SystemInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            version: fields.take("version")?,
            entity_id: fields.take("entity_id")?,
            other: fields.rest(),
        })
    }
}

/// Effective user/group id.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SetId {
    /// Effective user id.
    pub user: String,
    /// Effective group id.
    pub group: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for SetId {
    const NAME: &'static str = "SetId";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            user: fields.take("user")?,
            group: fields.take("group")?,
            other: fields.rest(),
        })
    }
}

/// Info about Asterisk configuration.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConfigInfo {
    /// Asterisk system name.
    pub name: String,
    /// Default language for media playback.
    pub default_language: String,
    /// Maximum number of simultaneous channels.
    pub max_channels: Option<i64>,
    /// Maximum number of open file handles (files, sockets).
    pub max_open_files: Option<i64>,
    /// Maximum load avg on system.
    pub max_load: Option<f64>,
    /// Effective user/group id for running Asterisk.
    pub setid: SetId,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ConfigInfo {
    const NAME: &'static str = "ConfigInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            default_language: fields.take("default_language")?,
            max_channels: fields.take("max_channels")?,
            max_open_files: fields.take("max_open_files")?,
            max_load: fields.take("max_load")?,
            setid: fields.take("setid")?,
            other: fields.rest(),
        })
    }
}

/// Info about Asterisk status.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StatusInfo {
    /// Time when Asterisk was started. As in `2026-05-04T08:31:21.512+0000`.
    pub startup_time: String,
    /// Time when Asterisk was last reloaded. As in `2026-05-04T08:31:21.512+0000`.
    pub last_reload_time: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for StatusInfo {
    const NAME: &'static str = "StatusInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            startup_time: fields.take("startup_time")?,
            last_reload_time: fields.take("last_reload_time")?,
            other: fields.rest(),
        })
    }
}

/// Asterisk system information.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AsteriskInfo {
    /// Info about how Asterisk was built.
    pub build: Option<BuildInfo>,
    /// Info about the system running Asterisk.
    pub system: Option<SystemInfo>,
    /// Info about Asterisk configuration.
    pub config: Option<ConfigInfo>,
    /// Info about Asterisk status.
    pub status: Option<StatusInfo>,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for AsteriskInfo {
    const NAME: &'static str = "AsteriskInfo";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            build: fields.take("build")?,
            system: fields.take("system")?,
            config: fields.take("config")?,
            status: fields.take("status")?,
            other: fields.rest(),
        })
    }
}

/// Asterisk ping information.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AsteriskPing {
    /// Asterisk id info.
    pub asterisk_id: String,
    /// Always string value is pong.
    pub ping: String,
    /// The timestamp string of request received time.
    pub timestamp: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for AsteriskPing {
    const NAME: &'static str = "AsteriskPing";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            asterisk_id: fields.take("asterisk_id")?,
            ping: fields.take("ping")?,
            timestamp: fields.take("timestamp")?,
            other: fields.rest(),
        })
    }
}

/// Details of an Asterisk module.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Module {
    /// The name of this module.
    pub name: String,
    /// The description of this module.
    pub description: String,
    /// The number of times this module is being used.
    pub use_count: i64,
    /// The running status of this module.
    pub status: String,
    /// The support state of this module.
    pub support_level: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Module {
    const NAME: &'static str = "Module";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            description: fields.take("description")?,
            use_count: fields.take("use_count")?,
            status: fields.take("status")?,
            support_level: fields.take("support_level")?,
            other: fields.rest(),
        })
    }
}

/// Details of an Asterisk log channel.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LogChannel {
    /// The log channel path.
    pub channel: String,
    /// Types of logs for the log channel.
    pub kind: String,
    /// Whether or not a log type is enabled.
    pub status: String,
    /// The various log levels.
    pub configuration: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for LogChannel {
    const NAME: &'static str = "LogChannel";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            channel: fields.take("channel")?,
            kind: fields.take("type")?,
            status: fields.take("status")?,
            configuration: fields.take("configuration")?,
            other: fields.rest(),
        })
    }
}

/// The value of a channel variable.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Variable {
    /// The value of the variable requested.
    pub value: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Variable {
    const NAME: &'static str = "Variable";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            value: fields.value("value")?,
            other: fields.rest(),
        })
    }
}

/// A dictionary of channel variables.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Variables {
    /// A dictionary of channel variables.
    pub variables: Json,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for Variables {
    const NAME: &'static str = "Variables";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            variables: fields.take("variables")?,
            other: fields.rest(),
        })
    }
}

/// A key/value pair that makes up part of a configuration object.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConfigTuple {
    /// A configuration object attribute.
    pub attribute: String,
    /// The value for the attribute.
    pub value: String,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for ConfigTuple {
    const NAME: &'static str = "ConfigTuple";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            attribute: fields.take("attribute")?,
            value: fields.value("value")?,
            other: fields.rest(),
        })
    }
}

deserialize!(
    BuildInfo,
    SystemInfo,
    SetId,
    ConfigInfo,
    StatusInfo,
    AsteriskInfo,
    AsteriskPing,
    Module,
    LogChannel,
    Variable,
    Variables,
    ConfigTuple
);

words! {
    /// What can be `only` of [`Asterisk::info`](crate::asterisk::Asterisk::info).
    InfoPart {
        Build = "build",
        System = "system",
        Config = "config",
        Status = "status",
    }
}
