//! Operations on device states.

// Written by api/generate.py from Asterisk's description: change that, not this.

use crate::client::AriClient;
use crate::generated::{DeviceState, DeviceStatus};
use crate::request::{Order, Request};

impl AriClient {
    /// All device states that ARI controls, for the operations on them. Nothing is sent yet.
    pub fn device_states(&self) -> DeviceStates {
        DeviceStates { ari: self.clone() }
    }

    /// The state of one device, for the operations on it. Nothing is sent yet.
    pub fn device_state(&self, device_name: impl Into<String>) -> DeviceStateHandle {
        DeviceStateHandle {
            ari: self.clone(),
            device_name: device_name.into(),
        }
    }
}

/// All device states that ARI controls. From [`AriClient::device_states`].
#[derive(Clone, Debug)]
pub struct DeviceStates {
    ari: AriClient,
}

impl DeviceStates {
    /// List all ARI controlled device states.
    ///
    /// `GET /deviceStates`.
    pub fn list(&self) -> Order<Vec<DeviceState>> {
        let request = Request::get("device_states.list", &["deviceStates"]);
        self.ari.order(request)
    }
}

/// The state of one device. From [`AriClient::device_state`].
#[derive(Clone, Debug)]
pub struct DeviceStateHandle {
    ari: AriClient,
    device_name: String,
}

impl DeviceStateHandle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.device_name
    }

    /// Retrieve the current state of a device.
    ///
    /// `GET /deviceStates/{deviceName}`.
    pub fn get(&self) -> Order<DeviceState> {
        let request = Request::get("device_state.get", &["deviceStates", &self.device_name]);
        self.ari.order(request)
    }

    /// Change the state of a device controlled by ARI. (Note - implicitly creates the device
    /// state).
    ///
    /// - `device_state`: Device state value.
    ///
    /// `PUT /deviceStates/{deviceName}`.
    ///
    /// # Errors
    /// - 404: Device name is missing.
    /// - 409: Uncontrolled device specified.
    pub fn update(&self, device_state: DeviceStatus) -> Order<()> {
        let request = Request::put("device_state.update", &["deviceStates", &self.device_name])
            .set("deviceState", &device_state);
        self.ari.order(request)
    }

    /// Destroy a device-state controlled by ARI.
    ///
    /// `DELETE /deviceStates/{deviceName}`.
    ///
    /// # Errors
    /// - 404: Device name is missing.
    /// - 409: Uncontrolled device specified.
    pub fn delete(&self) -> Order<()> {
        let request = Request::delete("device_state.delete", &["deviceStates", &self.device_name]);
        self.ari.order(request)
    }
}
