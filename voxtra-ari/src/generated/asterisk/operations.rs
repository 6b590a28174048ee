//! Operations on Asterisk itself: modules, logs, configuration, global variables.

// Written by api/generate.py from Asterisk's description: change that, not this.

use super::options::{InfoOptions, UpdateObjectOptions};
use crate::client::AriClient;
use crate::generated::{AsteriskInfo, AsteriskPing, ConfigTuple, LogChannel, Module, Variable};
use crate::request::{Order, Request};

impl AriClient {
    /// Asterisk itself, for the operations on them. Nothing is sent yet.
    pub fn asterisk(&self) -> Asterisk {
        Asterisk { ari: self.clone() }
    }
}

/// Asterisk itself. From [`AriClient::asterisk`].
#[derive(Clone, Debug)]
pub struct Asterisk {
    ari: AriClient,
}

impl Asterisk {
    /// Retrieve a dynamic configuration object.
    ///
    /// - `config_class`: The configuration class containing dynamic configuration objects.
    /// - `object_type`: The type of configuration object to retrieve.
    /// - `id`: The unique identifier of the object to retrieve.
    ///
    /// `GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}`.
    ///
    /// # Errors
    /// - 404: {configClass|objectType|id} not found.
    pub fn get_object(
        &self,
        config_class: &str,
        object_type: &str,
        id: &str,
    ) -> Order<Vec<ConfigTuple>> {
        let request = Request::get(
            "asterisk.get_object",
            &[
                "asterisk",
                "config",
                "dynamic",
                config_class,
                object_type,
                id,
            ],
        );
        self.ari.order(request)
    }

    /// Create or update a dynamic configuration object.
    ///
    /// - `config_class`: The configuration class containing dynamic configuration objects.
    /// - `object_type`: The type of configuration object to create or update.
    /// - `id`: The unique identifier of the object to create or update.
    ///
    /// `PUT /asterisk/config/dynamic/{configClass}/{objectType}/{id}`.
    ///
    /// # Errors
    /// - 400: Bad request body.
    /// - 403: Could not create or update object.
    /// - 404: {configClass|objectType} not found.
    pub fn update_object(
        &self,
        config_class: &str,
        object_type: &str,
        id: &str,
        options: &UpdateObjectOptions,
    ) -> Order<Vec<ConfigTuple>> {
        let request = Request::put(
            "asterisk.update_object",
            &[
                "asterisk",
                "config",
                "dynamic",
                config_class,
                object_type,
                id,
            ],
        )
        .tuples("fields", &options.fields);
        self.ari.order(request)
    }

    /// Delete a dynamic configuration object.
    ///
    /// - `config_class`: The configuration class containing dynamic configuration objects.
    /// - `object_type`: The type of configuration object to delete.
    /// - `id`: The unique identifier of the object to delete.
    ///
    /// `DELETE /asterisk/config/dynamic/{configClass}/{objectType}/{id}`.
    ///
    /// # Errors
    /// - 403: Could not delete object.
    /// - 404: {configClass|objectType|id} not found.
    pub fn delete_object(&self, config_class: &str, object_type: &str, id: &str) -> Order<()> {
        let request = Request::delete(
            "asterisk.delete_object",
            &[
                "asterisk",
                "config",
                "dynamic",
                config_class,
                object_type,
                id,
            ],
        );
        self.ari.order(request)
    }

    /// Gets Asterisk system information.
    ///
    /// `GET /asterisk/info`.
    pub fn info(&self, options: &InfoOptions) -> Order<AsteriskInfo> {
        let request =
            Request::get("asterisk.info", &["asterisk", "info"]).several("only", &options.only);
        self.ari.order(request)
    }

    /// Response pong message.
    ///
    /// `GET /asterisk/ping`.
    pub fn ping(&self) -> Order<AsteriskPing> {
        let request = Request::get("asterisk.ping", &["asterisk", "ping"]);
        self.ari.order(request)
    }

    /// List Asterisk modules.
    ///
    /// `GET /asterisk/modules`.
    pub fn modules(&self) -> Order<Vec<Module>> {
        let request = Request::get("asterisk.modules", &["asterisk", "modules"]);
        self.ari.order(request)
    }

    /// Get Asterisk module information.
    ///
    /// - `module_name`: Module's name.
    ///
    /// `GET /asterisk/modules/{moduleName}`.
    ///
    /// # Errors
    /// - 404: Module could not be found in running modules.
    /// - 409: Module information could not be retrieved.
    pub fn module(&self, module_name: &str) -> Order<Module> {
        let request = Request::get("asterisk.module", &["asterisk", "modules", module_name]);
        self.ari.order(request)
    }

    /// Load an Asterisk module.
    ///
    /// - `module_name`: Module's name.
    ///
    /// `POST /asterisk/modules/{moduleName}`.
    ///
    /// # Errors
    /// - 409: Module could not be loaded.
    pub fn load_module(&self, module_name: &str) -> Order<()> {
        let request = Request::post(
            "asterisk.load_module",
            &["asterisk", "modules", module_name],
        );
        self.ari.order(request)
    }

    /// Unload an Asterisk module.
    ///
    /// - `module_name`: Module's name.
    ///
    /// `DELETE /asterisk/modules/{moduleName}`.
    ///
    /// # Errors
    /// - 404: Module not found in running modules.
    /// - 409: Module could not be unloaded.
    pub fn unload_module(&self, module_name: &str) -> Order<()> {
        let request = Request::delete(
            "asterisk.unload_module",
            &["asterisk", "modules", module_name],
        );
        self.ari.order(request)
    }

    /// Reload an Asterisk module.
    ///
    /// - `module_name`: Module's name.
    ///
    /// `PUT /asterisk/modules/{moduleName}`.
    ///
    /// # Errors
    /// - 404: Module not found in running modules.
    /// - 409: Module could not be reloaded.
    pub fn reload_module(&self, module_name: &str) -> Order<()> {
        let request = Request::put(
            "asterisk.reload_module",
            &["asterisk", "modules", module_name],
        );
        self.ari.order(request)
    }

    /// Gets Asterisk log channel information.
    ///
    /// `GET /asterisk/logging`.
    pub fn log_channels(&self) -> Order<Vec<LogChannel>> {
        let request = Request::get("asterisk.log_channels", &["asterisk", "logging"]);
        self.ari.order(request)
    }

    /// Adds a log channel.
    ///
    /// - `log_channel_name`: The log channel to add.
    /// - `configuration`: levels of the log channel.
    ///
    /// `POST /asterisk/logging/{logChannelName}`.
    ///
    /// # Errors
    /// - 400: Bad request body.
    /// - 409: Log channel could not be created.
    pub fn add_log(&self, log_channel_name: &str, configuration: &str) -> Order<()> {
        let request = Request::post(
            "asterisk.add_log",
            &["asterisk", "logging", log_channel_name],
        )
        .set("configuration", configuration);
        self.ari.order(request)
    }

    /// Deletes a log channel.
    ///
    /// - `log_channel_name`: Log channels name.
    ///
    /// `DELETE /asterisk/logging/{logChannelName}`.
    ///
    /// # Errors
    /// - 404: Log channel does not exist.
    pub fn delete_log(&self, log_channel_name: &str) -> Order<()> {
        let request = Request::delete(
            "asterisk.delete_log",
            &["asterisk", "logging", log_channel_name],
        );
        self.ari.order(request)
    }

    /// Rotates a log channel.
    ///
    /// - `log_channel_name`: Log channel's name.
    ///
    /// `PUT /asterisk/logging/{logChannelName}/rotate`.
    ///
    /// # Errors
    /// - 404: Log channel does not exist.
    pub fn rotate_log(&self, log_channel_name: &str) -> Order<()> {
        let request = Request::put(
            "asterisk.rotate_log",
            &["asterisk", "logging", log_channel_name, "rotate"],
        );
        self.ari.order(request)
    }

    /// Get the value of a global variable.
    ///
    /// - `variable`: The variable to get.
    ///
    /// `GET /asterisk/variable`.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    pub fn variable(&self, variable: &str) -> Order<Variable> {
        let request =
            Request::get("asterisk.variable", &["asterisk", "variable"]).set("variable", variable);
        self.ari.order(request)
    }

    /// Set the value of a global variable.
    ///
    /// - `variable`: The variable to set.
    /// - `value`: The value to set the variable to.
    ///
    /// `POST /asterisk/variable`.
    ///
    /// # Errors
    /// - 400: Missing variable parameter.
    pub fn set_variable(&self, variable: &str, value: &str) -> Order<()> {
        let request = Request::post("asterisk.set_variable", &["asterisk", "variable"])
            .set("variable", variable)
            .set("value", value);
        self.ari.order(request)
    }
}
