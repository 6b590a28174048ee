//! Models of device states.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::read::{Fields, Json, Model, Wrong, deserialize, words};

/// Represents the state of a device.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceState {
    /// Name of the device.
    pub name: String,
    /// Device's state.
    pub state: DeviceStatus,
    /// What this description doesn't know, as Asterisk sent it.
    pub other: Json,
}

impl Model for DeviceState {
    const NAME: &'static str = "DeviceState";

    fn read(fields: &mut Fields) -> Result<Self, Wrong> {
        Ok(Self {
            name: fields.take("name")?,
            state: fields.take("state")?,
            other: fields.rest(),
        })
    }
}

deserialize!(DeviceState);

words! {
    /// What can be [`DeviceState::state`] and `device_state` of
    /// [`DeviceStateHandle::update`](crate::device_states::DeviceStateHandle::update).
    DeviceStatus {
        Unknown = "UNKNOWN",
        NotInUse = "NOT_INUSE",
        InUse = "INUSE",
        Busy = "BUSY",
        Invalid = "INVALID",
        Unavailable = "UNAVAILABLE",
        Ringing = "RINGING",
        RingInUse = "RINGINUSE",
        OnHold = "ONHOLD",
    }
}
