/** LangGraph's msgpack extension codes: which object form has which, and what its payload holds (langgraph-checkpoint 4.3.2 `serde/jsonplus.py`). */
import { OBJECT_FORMS, type ObjectForm } from '../../model/value.js'

/** The extension code of a form; codes are the positions in `OBJECT_FORMS`. */
export const EXT_CODE = Object.fromEntries(OBJECT_FORMS.map((form, code) => [form, code])) as Readonly<
  Record<ObjectForm, number>
>

/** `module, name, body` in an array; the two with a method have it as a fourth item. The others' payload is the body alone. */
export const PAYLOAD_ITEMS: Readonly<Record<ObjectForm, 0 | 3 | 4>> = {
  'single-argument': 3,
  positional: 3,
  keywords: 3,
  method: 4,
  'pydantic-v1': 3,
  'pydantic-v2': 4,
  numpy: 0,
  'delta-snapshot': 0,
}

/** What a body must be, or the official reader would make `None` of the object. */
export const BODY_KIND: Readonly<Record<ObjectForm, 'array' | 'map' | 'any'>> = {
  'single-argument': 'any',
  positional: 'array',
  keywords: 'map',
  method: 'any',
  'pydantic-v1': 'map',
  'pydantic-v2': 'map',
  numpy: 'array',
  'delta-snapshot': 'any',
}

/** The `method` that the official writer gives every pydantic v2 object. */
export const PYDANTIC_V2_METHOD = 'model_validate_json'
