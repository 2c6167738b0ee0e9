// The server's values (docs/server_api.md), as types for editors.

/** @typedef {'queued'|'running'|'succeeded'|'failed'|'cancelled'} State */
/** @typedef {{name: string, type: string, bytes: number, url: string}} JobFile */
/** @typedef {{stage: string|null, step: number, steps: number, eta_ms: number|null}} Progress */
/** @typedef {{sequence: number, files: JobFile[]}} Preview */
/**
 * @typedef {Object} Job
 * @property {string} id
 * @property {State} state
 * @property {Object<string, any>} request  by the fields of the schema; what is left out has its default
 * @property {number} priority
 * @property {number|null} [position]       from 1 while it waits; not in lists
 * @property {number} created_ms
 * @property {number|null} started_ms
 * @property {number|null} finished_ms
 * @property {Progress|null} progress
 * @property {number} attempts
 * @property {string|null} failure
 * @property {JobFile[]} files
 * @property {JobFile[]} inputs           what it was given: request fields that take files name these
 * @property {Preview|null} preview
 */
/**
 * @typedef {Object} Field
 * @property {string} name
 * @property {'boolean'|'integer'|'number'|'string'|'list of integers'|'list of numbers'|'list of strings'} type
 * @property {any} default
 * @property {number|null} min
 * @property {number|null} max
 * @property {string[]|null} choices
 * @property {string} help
 */
/** @typedef {{name: string, title: string|null, accept: string[], many: boolean, help: string}} Input */
/** @typedef {{title: string, names: string[]}} Group */
/** @typedef {{fields: Field[], inputs: Input[], groups: Group[]}} Schema */
/** @typedef {{id: string, family: string|null, width: number|null, height: number|null, fps: number|null,
 *             seconds: number|null, takes: string[], default: boolean}} Model */
/** @typedef {{api: string, version: string, keys: boolean, uploads: boolean, previews: boolean, scopes: string[],
 *             owner: string}} Capabilities */
/** @typedef {{id: string, type: string, bytes: number, name: string|null}} Upload */

export {};
