//! Tools whose parameters are a Rust type.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::super::call::Call;
use super::super::super::error::HandlerError;
use super::FnTool;
use crate::speech::{BoxFuture, ToolSpec};

/// A tool whose parameters are a type: the model is told its JSON Schema, made of its fields and of
/// their comments, and what the model writes is read into it. Arguments that don't fit do not reach
/// `run`; the model is told which one is wrong. What `run` gives back is text, or anything that can
/// be written as JSON.
///
/// The type is a struct with named fields, or `()` for a tool without parameters. A `u8` or an
/// `enum` says more to the model than a `String`, and an `Option` is left out when it isn't known.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use voxtra_rt::session::{AgentSettings, Call, HandlerError, tools};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct OrderQuery {
///     /// The order's number.
///     number: u32,
///     /// What the caller wants to know of it.
///     about: Option<About>,
/// }
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "snake_case")]
/// enum About {
///     Delivery,
///     Price,
/// }
///
/// async fn orders(_call: Call, query: OrderQuery) -> Result<String, HandlerError> {
///     Ok(format!("Order {} arrives tomorrow.", query.number))
/// }
///
/// let orders = tools::typed("orders", "Looks up an order.", orders);
/// let agent = AgentSettings::new("You answer for Acme.").tool(orders);
/// ```
///
/// `schemars` is that crate's version 1, which a program depends on itself, as on `serde`.
pub fn typed<A, F, R, O>(
    name: impl Into<String>,
    description: impl Into<String>,
    run: F,
) -> FnTool<impl Fn(Call, Value) -> BoxFuture<'static, Result<String, HandlerError>> + Send + Sync>
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    F: Fn(Call, A) -> R + Send + Sync,
    R: Future<Output = Result<O, HandlerError>> + Send + 'static,
    O: Serialize,
{
    let spec = ToolSpec::new(name.into(), description.into(), schema_of::<A>());
    FnTool::new(spec, move |call: Call, arguments: Value| {
        let running = read::<A>(arguments).map(|arguments| run(call, arguments));
        let told: BoxFuture<'static, _> = Box::pin(async move { written(&running?.await?) });
        told
    })
}

/// The parameters as JSON Schema, in the form that models know best: all in one place, and without
/// what says nothing to them.
fn schema_of<A: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    if schema.get("type") == Some(&json!("null")) {
        return json!({ "type": "object", "properties": {} });
    }
    schema.remove("title");
    // The tool has a description of its own.
    schema.remove("description");
    let mut schema = schema.to_value();
    without_formats(&mut schema);
    schema
}

/// `uint8` and the like are formats of no standard, and services refuse formats that they don't
/// know. Their limits stay.
fn without_formats(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let number = object.get("type").is_some_and(|is| {
                ["integer", "number"].iter().any(|one| {
                    is == one || is.as_array().is_some_and(|all| all.contains(&json!(one)))
                })
            });
            if number && object.get("format").is_some_and(Value::is_string) {
                object.remove("format");
            }
            object.values_mut().for_each(without_formats);
        }
        Value::Array(all) => all.iter_mut().for_each(without_formats),
        _ => {}
    }
}

/// The arguments as their type.
fn read<A: DeserializeOwned>(arguments: Value) -> Result<A, HandlerError> {
    let error = match serde_path_to_error::deserialize(&arguments) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // `()` is null to serde, and a model writes an object.
    if arguments.as_object().is_some_and(serde_json::Map::is_empty)
        && let Ok(read) = serde_json::from_value(Value::Null)
    {
        return Ok(read);
    }
    let path = error.path().to_string();
    let why = error.into_inner();
    Err(match path.as_str() {
        "." => format!("the arguments don't fit: {why}"),
        path => format!("the arguments don't fit: {path}: {why}"),
    }
    .into())
}

/// A result in words, or as JSON.
fn written(result: &impl Serialize) -> Result<String, HandlerError> {
    Ok(match serde_json::to_value(result)? {
        Value::String(text) => text,
        Value::Null => "done".to_owned(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::session::conversation::nowhere;
    use crate::session::conversation::tool::{Tool as _, told};

    /// What nobody tells the model.
    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Query {
        /// The order's number.
        number: u8,
        /// Who asks.
        who: Option<Who>,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Who {
        TheBuyer,
        Other,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Line {
        price: f32,
    }

    #[derive(Serialize)]
    struct Found {
        number: u8,
        buyer: bool,
        total: f32,
    }

    fn orders() -> impl crate::session::Tool {
        typed(
            "orders",
            "Looks up an order.",
            |_: Call, query: Query| async move {
                Ok(Found {
                    number: query.number,
                    buyer: matches!(query.who, Some(Who::TheBuyer)),
                    total: query
                        .lines
                        .iter()
                        .fold(0.0, |total, line| total + line.price),
                })
            },
        )
    }

    #[test]
    fn a_model_is_told_the_fields_of_the_type() {
        let spec = orders().spec();
        assert_eq!(
            (spec.name.as_str(), spec.description.as_str()),
            ("orders", "Looks up an order.")
        );
        let schema = &spec.parameters;
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["required"], json!(["number"]));
        assert_eq!(schema["additionalProperties"], false);
        let number = json!({ "type": "integer", "description": "The order's number.", "minimum": 0, "maximum": 255 });
        assert_eq!(schema["properties"]["number"], number);
        let text = schema.to_string();
        assert!(
            text.contains("the_buyer") && text.contains("Who asks."),
            "{text}"
        );
        for foreign in ["$schema", "$ref", "$defs", "title", "format", "nobody"] {
            assert!(!text.contains(foreign), "{foreign}: {text}");
        }
    }

    #[tokio::test]
    async fn arguments_are_read_into_the_type_or_the_model_is_told_what_is_wrong() {
        for (arguments, expected) in [
            (
                json!({ "number": 7, "who": "the_buyer", "lines": [{ "price": 1.5 }, { "price": 2 }] }),
                r#"{"buyer":true,"number":7,"total":3.5}"#,
            ),
            (
                json!({ "number": 7, "who": null }),
                r#"{"buyer":false,"number":7,"total":0.0}"#,
            ),
            (json!({}), "error: missing: number"),
            (json!({ "number": "7" }), "error: number must be integer"),
            (
                json!({ "number": 7, "of": 1 }),
                "error: there is no parameter of",
            ),
            (
                json!({ "number": 256 }),
                "error: the arguments don't fit: number: invalid value: integer `256`, expected u8",
            ),
            (
                json!({ "number": 7, "who": "somebody" }),
                "error: who must be one of \"the_buyer\", \"other\", null",
            ),
            (
                json!({ "number": 7, "lines": [{ "price": 1 }, { "price": "2" }] }),
                "error: the arguments don't fit: lines[1].price: invalid type: string \"2\", expected f32",
            ),
        ] {
            let said = arguments.to_string();
            assert_eq!(
                told(&nowhere(""), orders(), arguments).await,
                expected,
                "{said}"
            );
        }
    }

    #[tokio::test]
    async fn a_tool_may_have_no_parameters_and_give_words_or_nothing() {
        let call = nowhere("");
        let hello = || typed("hello", "", |_: Call, (): ()| async { Ok("good day") });
        assert_eq!(hello().spec().parameters["type"], "object");
        assert_eq!(told(&call, hello(), json!({})).await, "good day");
        let wrong = told(&call, hello(), json!({ "a": 1 })).await;
        assert!(
            wrong.starts_with("error: the arguments don't fit"),
            "{wrong}"
        );
        let nothing = typed("nothing", "", |_: Call, _: BTreeMap<String, u8>| async {
            Ok(())
        });
        assert_eq!(told(&call, nothing, json!({ "a": 1 })).await, "done");
        let fails = typed("fails", "", |_: Call, (): ()| async {
            Err::<(), _>("no such order".into())
        });
        assert_eq!(told(&call, fails, json!({})).await, "error: no such order");
    }
}
