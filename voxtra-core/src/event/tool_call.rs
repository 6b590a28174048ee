//! Tool calls, which a language model asks for besides its text.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Described, FieldDefault, FieldInfo, Schema};

/// A call of a tool, as asked for by the language model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's own name for this call, to be given back with its result.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// The arguments as the model wrote them, usually JSON.
    pub arguments: String,
}

impl Described for ToolCall {
    const SCHEMA: Schema = Schema::Object(&[
        text("id", "The model's own name for this call."),
        text("name", "Which tool."),
        text(
            "arguments",
            "The arguments as the model wrote them, usually JSON.",
        ),
    ]);
}

const fn text(name: &'static str, doc: &'static str) -> FieldInfo {
    FieldInfo {
        name,
        ty: "String",
        doc,
        schema: String::SCHEMA,
        default: FieldDefault::Required,
    }
}
