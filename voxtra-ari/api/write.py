"""Writes Rust from a description: models, events, operations, a file for each resource."""

import re
import textwrap

import names
from description import Description, Model, Operation, Parameter, Property

HEADER = "// Written by api/generate.py from Asterisk's description: change that, not this.\n"

SCALARS = {
    "string": "String",
    "Date": "String",
    "int": "i64",
    "long": "i64",
    "double": "f64",
    "boolean": "bool",
    "object": "Json",
}


# --- Text ----------------------------------------------------------------------------------------

def prose(text: str) -> str:
    """A description as Markdown: one paragraph a line, nothing that rustdoc takes for a link or HTML."""
    text = re.sub(r"\s*<br\s*/?>\s*", "\n", text)
    text = re.sub(r"(https?://[^\s]*[^\s.])", r"<\1>", text)
    text = re.sub(r"(?<=\w)_(?=\w)", r"\\_", text) if "`" in text else text
    lines = []
    for line in text.split("\n"):
        line = " ".join(line.split())
        if not line:
            continue
        for example in re.findall(r"[{\[] .* [}\]]", line):
            line = line.replace(example, f"`{example}`")
        line = re.sub(r"(?<!`)\[(?![ ])", r"\\[", line)
        line = re.sub(r"(?<![ `])\](?!`)", r"\\]", line)
        lines.append(line)
    text = "\n".join(lines).strip()
    if text and text[-1].isalnum() or text.endswith((")", "'", "`")):
        text += "."
    return text


def doc(text: str, indent: int = 0) -> list[str]:
    """Doc comments of at most 100 columns."""
    start = " " * indent + "///"
    lines = []
    for paragraph in text.split("\n"):
        if paragraph == "":
            lines.append(start)
            continue
        hang = "  " if paragraph.startswith(("- ", "* ")) else ""
        lines += textwrap.wrap(
            paragraph, 100, initial_indent=start + " ", subsequent_indent=start + " " + hang,
            break_long_words=False, break_on_hyphens=False,
        )
    return lines


# --- Types ---------------------------------------------------------------------------------------

class Writer:
    def __init__(self, description: Description):
        self.description = description
        self.events = description.events()
        # name of an enumeration → its words and the resource it stands with
        self.enums: dict[str, tuple[list[str], str]] = {}
        # name of an enumeration → what it is, in prose
        self.enum_uses: dict[str, list[str]] = {}
        self.collect()

    def collect(self) -> None:
        for model in self.description.models.values():
            for p in model.properties:
                if p.words:
                    name = names.ENUMS[model.name, p.name]
                    self.enum(name, p.words, model.resource)
                    use = f"[`{names.rust_type(model.name)}::{names.snake(p.name)}`]"
                    self.enum_uses.setdefault(name, []).append(use)
        for operation in self.description.operations:
            for p in operation.parameters:
                if p.words:
                    name = names.ENUMS[operation.nickname, p.name]
                    self.enum(name, p.words, operation.resource)
                    handle = self.handle(operation)
                    method = f"{handle[2]}::{self.method(operation)}"
                    use = f"`{names.snake(p.name)}` of [`{method}`](crate::{names.snake(operation.resource)}::{method})"
                    self.enum_uses.setdefault(name, []).append(use)

    def enum(self, name: str, words: list[str], resource: str) -> None:
        known, home = self.enums.setdefault(name, ([], resource))
        known += [word for word in words if word not in known]

    def property_type(self, model: Model, p: Property) -> str:
        if p.words:
            inner = names.ENUMS[model.name, p.name]
        elif p.kind.startswith("List["):
            inner = f"Vec<{self.named(p.kind[5:-1])}>"
        else:
            inner = self.named(p.kind)
        return inner if p.required else f"Option<{inner}>"

    def named(self, kind: str) -> str:
        if kind in SCALARS:
            return SCALARS[kind]
        if kind not in self.description.models:
            raise ValueError(f"unknown type: {kind}")
        return names.rust_type(kind)

    # --- Models ----------------------------------------------------------------------------------

    def models(self, resource: str) -> str:
        """The models of a resource, and its enumerations."""
        models = [m for m in self.description.models.values() if m.resource == resource]
        if resource == "events":
            envelopes = {"Message", "Event"}
            models = [m for m in models if m not in self.events and m.name not in envelopes]
        enums = [(n, words) for n, (words, home) in self.enums.items() if home == resource]
        out = [f"//! Models of {names.RESOURCES[resource]}.", "", HEADER]
        out += self.imports(models, enums, resource)
        for model in models:
            out += self.model(model, event=False)
        if models:
            out += [f"deserialize!({', '.join(names.rust_type(m.name) for m in models)});", ""]
        for name, words in enums:
            out += self.words(name, words)
        return "\n".join(out)

    def imports(self, models: list[Model], enums: list, resource: str) -> list[str]:
        used = set()
        for model in models:
            for p in model.properties:
                used |= set(re.findall(r"\w+", self.property_type(model, p)))
        own = {names.rust_type(m.name) for m in models} | {name for name, _ in enums}
        foreign = sorted(
            {names.rust_type(m) for m in self.description.models} | set(self.enums)
        )
        lines = []
        reading = (["Fields", "Json", "Model", "Wrong", "deserialize"] if models else [])
        reading += ["words"] if enums else []
        lines.append(f"use crate::read::{{{', '.join(reading)}}};")
        others = [name for name in foreign if name in used and name not in own]
        if others:
            lines.append(f"use crate::generated::{{{', '.join(others)}}};")
        return [*lines, ""]

    def model(self, model: Model, event: bool) -> list[str]:
        name = names.rust_type(model.name)
        out = self.described(model, None, model.text, 0)
        out += ["#[derive(Clone, Debug, Default, PartialEq)]", "#[non_exhaustive]", f"pub struct {name} {{"]
        for p in model.properties:
            out += self.described(model, p, p.text, 4)
            out.append(f"    pub {names.snake(p.name)}: {self.property_type(model, p)},")
        if event:
            out += [
                "    /// The application that receives the event.",
                "    pub application: String,",
                "    /// When it was created: `2026-05-04T08:31:21.512+0000`.",
                "    pub timestamp: String,",
                "    /// The Asterisk that raised it.",
                "    pub asterisk_id: Option<String>,",
            ]
        out += ["    /// What this description doesn't know, as Asterisk sent it.", "    pub other: Json,", "}", ""]
        out += [f"impl Model for {name} {{", f"    const NAME: &'static str = \"{model.name}\";"]
        if any(p.kind.startswith("List[") for p in model.properties) and not event:
            out.append("    const LONG: bool = true;")
        out.append("")
        out += ["    fn read(fields: &mut Fields) -> Result<Self, Wrong> {", "        Ok(Self {"]
        for p in model.properties:
            out.append(f"            {names.snake(p.name)}: {self.reading(model, p, event)},")
        if event:
            for p in ("application", "timestamp", "asterisk_id"):
                out.append(f'            {p}: fields.take("{p}")?,')
        out += ["            other: fields.rest(),", "        })", "    }", "}", ""]
        return out

    def reading(self, model: Model, p: Property, event: bool) -> str:
        if (model.name, p.name) in names.VALUES:
            return f'fields.{"value" if p.required else "optional_value"}("{p.name}")?'
        return f'fields.{"required" if self.must_be(p, event) else "take"}("{p.name}")?'

    def must_be(self, p: Property, event: bool) -> bool:
        """Whether a message without this is none. Older Asterisks leave out much else."""
        if not p.required or p.kind.startswith("List["):
            return False
        inner = self.description.models.get(p.kind)
        if inner is None:
            return p.name == "id"
        return event or any(q.name == "id" for q in inner.properties)

    def described(self, model: Model, p: Property | None, text: str, indent: int) -> list[str]:
        key = (model.name, p.name if p else None)
        text = prose(text or names.DESCRIPTIONS.get(key, ""))
        if not text:
            text = f"`{p.name}`." if p else f"`{model.name}`."
        if note := names.NOTES.get(key):
            text += "\n\n" + note
        if p and p.kind == "Date":
            text += " As in `2026-05-04T08:31:21.512+0000`."
        return doc(text, indent)

    def words(self, name: str, words: list[str]) -> list[str]:
        uses = self.enum_uses[name]
        listed = ", ".join(uses[:-1]) + " and " + uses[-1] if len(uses) > 1 else uses[0]
        out = ["words! {", *doc(f"What can be {listed}.", 4), f"    {name} {{"]
        for word in words:
            spellings = " | ".join(f'"{s}"' for s in [word, *names.SPELLINGS.get(word, [])])
            out.append(f"        {names.camel(word)} = {spellings},")
        return [*out, "    }", "}", ""]

    # --- Events ----------------------------------------------------------------------------------

    def event_types(self) -> str:
        """The structs of the events."""
        out = ["//! Events, a type for each.", "", HEADER]
        used = set()
        for model in self.events:
            for p in model.properties:
                used |= set(re.findall(r"\w+", self.property_type(model, p)))
        known = {names.rust_type(m) for m in self.description.models} | set(self.enums)
        out += ["use crate::read::{Fields, Json, Model, Wrong, deserialize};"]
        out += [f"use crate::generated::{{{', '.join(sorted(used & known))}}};", ""]
        for model in self.events:
            out += self.model(model, event=True)
        out += [f"deserialize!({', '.join(names.rust_type(m.name) for m in self.events)});", ""]
        return "\n".join(out)

    def event_enum(self) -> str:
        """The events as one enum, and what they have in common."""
        kinds = [(m, names.rust_type(m.name)) for m in self.events]
        types = ", ".join(t for _, t in kinds)
        out = ["//! All events as one type.", "", HEADER]
        out += ["use crate::event::UnknownEvent;", f"use crate::generated::{{Channel, {types}}};"]
        out += ["use crate::read::{Fields, Wrong};", ""]
        out += doc("One message of the event websocket, by its `type`.")
        out += ["#[derive(Clone, Debug, PartialEq)]", "#[non_exhaustive]", "pub enum AriEvent {"]
        for model, kind in kinds:
            out += doc(prose(model.text), 4)
            out.append(f"    {kind}(Box<{kind}>),")
        out += doc("Any other type, as it came.", 4)
        out += ["    Unknown(Box<UnknownEvent>),", "}", "", "impl AriEvent {"]
        out += doc("Every type on the wire that has a variant.", 4)
        out += [f"    pub const KINDS: [&'static str; {len(kinds)}] = ["]
        out += [f'        "{model.name}",' for model, _ in kinds]
        out += ["    ];", "", "    pub(crate) fn read(kind: &str, fields: Fields) -> Result<Self, Wrong> {"]
        out += ["        Ok(match kind {"]
        out += [f'            "{m.name}" => Self::{t}(fields.event()?),' for m, t in kinds]
        out += ["            _ => Self::Unknown(Box::new(UnknownEvent::new(kind, fields))),", "        })", "    }", ""]
        for method, text, answer, unknown in [
            ("kind", "Its `type` on the wire.", lambda m: f'"{m.name}"', "&event.kind"),
            ("application", "The application that receives it.", lambda m: "&event.application",
             "&event.application"),
            ("timestamp", "When it was created: `2026-05-04T08:31:21.512+0000`.",
             lambda m: "&event.timestamp", "&event.timestamp"),
        ]:
            out += doc(text, 4)
            out += [f"    pub fn {method}(&self) -> &str {{", "        match self {"]
            for model, kind in kinds:
                bound = "_" if method == "kind" else "event"
                out.append(f"            Self::{kind}({bound}) => {answer(model)},")
            out += [f"            Self::Unknown(event) => {unknown},", "        }", "    }", ""]
        out += doc("The channel that it is about, if it is about one. For `Dial` that is the called one.", 4)
        out += ["    pub fn channel(&self) -> Option<&Channel> {", "        match self {"]
        for model, kind in kinds:
            subject = next((p for p in model.properties if p.name in ("channel", "peer") and p.kind == "Channel"), None)
            if subject is None:
                continue
            field = f"event.{names.snake(subject.name)}"
            value = f"Some(&{field})" if subject.required else f"{field}.as_ref()"
            out.append(f"            Self::{kind}(event) => {value},")
        out += ["            _ => None,", "        }", "    }", "}", ""]
        return "\n".join(out)

    # --- Operations ------------------------------------------------------------------------------

    def handle(self, operation: Operation) -> tuple[str, str, str, str]:
        found = [h for h in names.HANDLES if (operation.path + "/").startswith(h[0] + "/")]
        return max(found, key=lambda h: len(h[0]))

    def method(self, operation: Operation) -> str:
        key = (operation.resource, operation.nickname)
        return names.METHODS.get(key, names.snake(operation.nickname))

    def resource_operations(self, resource: str) -> list[Operation]:
        return [o for o in self.description.operations
                if o.resource == resource and (o.resource, o.nickname) != names.WEBSOCKET]

    def optional(self, operation: Operation) -> list[Parameter]:
        return [p for p in operation.parameters
                if p.place != "path" and not self.is_argument(operation, p)
                and not (p.place == "body" and p.kind == "object")]

    def is_argument(self, operation: Operation, p: Parameter) -> bool:
        return p.required or (operation.nickname, p.name) in names.ARGUMENTS

    def options_name(self, operation: Operation) -> str:
        """Unique within its resource: by the handle where two have a method of one name."""
        method = self.method(operation)
        same = [o for o in self.resource_operations(operation.resource)
                if self.method(o) == method and self.optional(o)]
        handle = self.handle(operation)
        prefix = names.camel(handle[1]) if len(same) > 1 and "{" in handle[0] else ""
        return f"{prefix}{names.camel(method)}Options"

    def operations(self, resource: str) -> str:
        out = [f"//! Operations on {names.RESOURCES[resource]}.", "", HEADER, "", "IMPORTS", ""]
        operations = self.resource_operations(resource)
        handles = [h for h in names.HANDLES if any(self.handle(o) == h for o in operations)]
        out.append("impl AriClient {")
        for handle in handles:
            out += self.accessor(handle)
        out += ["}", ""]
        for handle in handles:
            out += self.handle_type(handle, [o for o in operations if self.handle(o) == handle])
        text = "\n".join(out)
        return text.replace("IMPORTS", self.operation_imports(text))

    def operation_imports(self, text: str) -> str:
        body = text.split("IMPORTS")[1]
        used = set(re.findall(r"\b[A-Z]\w+", re.sub(r"//.*", "", body)))
        lines = ["use crate::client::AriClient;"]
        request = sorted(used & {"Many", "Order", "Request"})
        lines.append(f"use crate::request::{{{', '.join(request)}}};")
        if "Json" in used:
            lines.append("use crate::read::Json;")
        if "Value" in used:
            lines.append("use serde_json::Value;")
        models = {names.rust_type(m) for m in self.description.models} | set(self.enums)
        models = sorted(used & models)
        if models:
            lines.append(f"use crate::generated::{{{', '.join(models)}}};")
        options = sorted(name for name in used if name.endswith("Options"))
        if options:
            lines.append(f"use super::options::{{{', '.join(options)}}};")
        return "\n".join(lines)

    def path_arguments(self, path: str) -> list[str]:
        return re.findall(r"{(\w+)}", path)

    def accessor(self, handle: tuple[str, str, str, str]) -> list[str]:
        path, accessor, kind, text = handle
        arguments = [names.snake(a) for a in self.path_arguments(path)]
        out = doc(f"{text.removesuffix('.')}, for the operations on {'it' if arguments else 'them'}. "
                  "Nothing is sent yet.", 4)
        parameters = "".join(f", {a}: impl Into<String>" for a in arguments)
        fields = "".join(f", {a}: {a}.into()" for a in arguments)
        return [*out, f"    pub fn {accessor}(&self{parameters}) -> {kind} {{",
                f"        {kind} {{ ari: self.clone(){fields} }}", "    }", ""]

    def handle_type(self, handle: tuple[str, str, str, str], operations: list[Operation]) -> list[str]:
        path, accessor, kind, text = handle
        arguments = [names.snake(a) for a in self.path_arguments(path)]
        out = doc(f"{text} From [`AriClient::{accessor}`].")
        out += ["#[derive(Clone, Debug)]", f"pub struct {kind} {{", "    ari: AriClient,"]
        out += [f"    {a}: String," for a in arguments]
        out += ["}", "", f"impl {kind} {{"]
        if len(arguments) == 1:
            out += [f"    /// Its {'id' if arguments[0].endswith('id') else 'name'}.",
                    f"    pub fn {arguments[0].split('_')[-1]}(&self) -> &str {{",
                    f"        &self.{arguments[0]}", "    }", ""]
        for operation in operations:
            out += self.operation(operation, handle)
        return [*out, "}", ""]

    def operation(self, o: Operation, handle: tuple[str, str, str, str]) -> list[str]:
        held = self.path_arguments(handle[0])
        path = [p for p in o.of("path") if p.name not in held]
        required = [p for p in o.parameters if p.place != "path" and self.is_argument(o, p)]
        body = [p for p in o.of("body") if p.kind == "object"]
        optional = self.optional(o)
        method = self.method(o)

        text = prose(o.summary)
        if o.notes:
            text += "\n\n" + prose(o.notes)
        if note := names.OPERATION_NOTES.get((o.resource, o.nickname)):
            text += "\n\n" + note
        described = [f"- `{names.snake(p.name)}`: {prose(p.text)}" for p in path + required + body]
        if described:
            text += "\n\n" + "\n".join(described)
        text += f"\n\n`{o.method} {o.path}`"
        if o.since and min(int(v.split(".")[0]) for v in o.since) >= 16:
            text += f", since Asterisk {', '.join(o.since)}"
        text += "."
        if o.errors:
            text += "\n\n# Errors\n" + "\n".join(f"- {code}: {prose(reason)}" for code, reason in o.errors)
        out = doc(text, 4)

        arguments = ["&self"] + [f"{names.snake(p.name)}: &str" for p in path]
        steps = []
        for p in required:
            arguments.append(self.argument(o, p))
            steps.append(self.setting(o, p))
        for p in body:
            arguments.append(f"{names.snake(p.name)}: &Json")
            steps.append(f".body({names.snake(p.name)})")
        if optional:
            arguments.append(f"options: &{self.options_name(o)}")
        for p in optional:
            name = names.snake(p.name)
            if p.kind == "containers" and p.name == "fields":
                steps.append(f'.tuples("{p.name}", &options.{name})')
            elif p.kind == "containers":
                steps.append(f'.object("{p.name}", &options.{name})')
            elif p.multiple:
                steps.append(f'.several("{p.name}", &options.{name})')
            else:
                steps.append(f'.option("{p.name}", &options.{name})')
        segments = []
        for segment in o.path.strip("/").split("/"):
            if not segment.startswith("{"):
                segments.append(f'"{segment}"')
            elif segment[1:-1] in held:
                segments.append(f"&self.{names.snake(segment[1:-1])}")
            else:
                segments.append(names.snake(segment[1:-1]))
        out.append(f"    pub fn {method}({', '.join(arguments)}) -> Order<{self.answer(o)}> {{")
        out.append(f'        let request = Request::{o.method.lower()}("{handle[1]}.{method}", &[{", ".join(segments)}])')
        out += [f"            {step}" for step in steps]
        out[-1] += ";"
        return [*out, "        self.ari.order(request)", "    }", ""]

    def argument(self, o: Operation, p: Parameter) -> str:
        name = names.snake(p.name)
        if p.place == "body":
            return f"{name}: &Json"
        if p.words:
            return f"{name}: {names.ENUMS[o.nickname, p.name]}"
        if p.multiple:
            return f"{name}: impl Many"
        return f"{name}: {'&str' if p.kind == 'string' else SCALARS[p.kind]}"

    def setting(self, o: Operation, p: Parameter) -> str:
        name = names.snake(p.name)
        if p.place == "body":
            return f'.object("{p.name}", {name})'
        if p.multiple:
            return f'.several("{p.name}", &{name}.many())'
        return f'.set("{p.name}", {name if p.kind == "string" and not p.words else "&" + name})'

    def answer(self, o: Operation) -> str:
        if o.answer == "void":
            return "()"
        if o.answer == "binary":
            return "Vec<u8>"
        if o.answer.startswith("List["):
            return f"Vec<{self.named(o.answer[5:-1])}>"
        return self.named(o.answer)

    # --- Options ---------------------------------------------------------------------------------

    def options(self, resource: str) -> str:
        operations = [o for o in self.resource_operations(resource) if self.optional(o)]
        if not operations:
            return ""
        out = [f"//! Options of the operations on {names.RESOURCES[resource]}.", "", HEADER, "", "IMPORTS", ""]
        for operation in operations:
            out += self.option_struct(operation)
        text = "\n".join(out)
        body = text.split("IMPORTS")[1]
        used = set(re.findall(r"\b[A-Z]\w+", re.sub(r"//.*", "", body)))
        lines = []
        if "Value" in used:
            lines.append("use serde_json::Value;")
        if "Json" in used:
            lines.append("use crate::read::Json;")
        if "Many" in used:
            lines.append("use crate::request::Many;")
        if used & set(self.enums):
            lines.append(f"use crate::generated::{{{', '.join(sorted(used & set(self.enums)))}}};")
        return text.replace("IMPORTS", "\n".join(lines))

    def option_struct(self, o: Operation) -> list[str]:
        name, handle = self.options_name(o), self.handle(o)
        out = doc(f"Options of [`{handle[2]}::{self.method(o)}`](super::{handle[2]}::{self.method(o)}).")
        out += ["#[derive(Clone, Debug, Default, PartialEq)]", "#[non_exhaustive]", f"pub struct {name} {{"]
        for p in self.optional(o):
            out += doc(prose(p.text) or f"`{p.name}`.", 4)
            out.append(f"    pub {names.snake(p.name)}: {self.option_type(o, p)},")
        out += ["}", "", f"impl {name} {{"]
        for p in self.optional(o):
            out += self.setter(o, p)
        return [*out, "}", ""]

    def option_type(self, o: Operation, p: Parameter) -> str:
        if p.kind == "containers":
            return "Vec<(String, String)>" if p.name == "fields" else "Json"
        inner = names.ENUMS[o.nickname, p.name] if p.words else SCALARS[p.kind]
        return f"Vec<{inner}>" if p.multiple else f"Option<{inner}>"

    def setter(self, o: Operation, p: Parameter) -> list[str]:
        field = names.snake(p.name)
        singular = field.removesuffix("s")
        if p.kind == "containers" and p.name == "fields":
            lines = [f"    /// Adds one of [`{field}`](Self::{field}).", "    #[must_use]",
                     f"    pub fn {singular}(mut self, attribute: impl Into<String>, value: impl Into<String>) -> Self {{",
                     f"        self.{field}.push((attribute.into(), value.into()));"]
        elif p.kind == "containers":
            lines = [f"    /// Adds one of [`{field}`](Self::{field}).", "    #[must_use]",
                     f"    pub fn {singular}(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {{",
                     f"        self.{field}.insert(name.into(), value.into());"]
        else:
            inner = names.ENUMS[o.nickname, p.name] if p.words else SCALARS[p.kind]
            if p.multiple and p.words:
                kind, value = f"impl IntoIterator<Item = {inner}>", f"{field}.into_iter().collect()"
            elif p.multiple:
                kind, value = "impl Many", f"{field}.many()"
            elif inner == "String":
                kind, value = "impl Into<String>", f"Some({field}.into())"
            else:
                kind, value = inner, f"Some({field})"
            lines = [f"    /// Sets [`{field}`](Self::{field}).", "    #[must_use]",
                     f"    pub fn {field}(mut self, {field}: {kind}) -> Self {{",
                     f"        self.{field} = {value};"]
        return [*lines, "        self", "    }", ""]

    # --- Files -----------------------------------------------------------------------------------

    def files(self) -> dict[str, str]:
        files = {"events/kinds.rs": self.event_enum(), "events/types.rs": self.event_types()}
        for resource in names.RESOURCES:
            folder = names.snake(resource)
            parts = {"models": self.models(resource), "operations": self.operations(resource),
                     "options": self.options(resource)}
            if resource == "events":
                parts |= {"kinds": "x", "types": "x"}
            parts = {k: v for k, v in parts.items() if v}
            files |= {f"{folder}/{k}.rs": v for k, v in parts.items() if v != "x"}
            out = [f"//! ARI's {names.RESOURCES[resource]}.", "", HEADER]
            out += [f"mod {part};" for part in sorted(parts)] + [""]
            out += [f"pub use {part}::*;" for part in sorted(parts)] + [""]
            files[f"{folder}/mod.rs"] = "\n".join(out)
        files["mod.rs"] = self.root()
        return files

    def root(self) -> str:
        out = [f"//! What Asterisk {self.description.version} says of ARI: a module for each resource.", "", HEADER]
        out += [f"pub mod {names.snake(r)};" for r in names.RESOURCES] + [""]
        by_home: dict[str, list[str]] = {}
        for model in self.description.models.values():
            if model.name not in ("Message", "Event"):
                by_home.setdefault(model.resource, []).append(names.rust_type(model.name))
        for name, (_, home) in self.enums.items():
            by_home.setdefault(home, []).append(name)
        by_home["events"].append("AriEvent")
        for home in names.RESOURCES:
            if home in by_home:
                out.append(f"pub use {names.snake(home)}::{{{', '.join(sorted(by_home[home]))}}};")
        return "\n".join([*out, ""])
