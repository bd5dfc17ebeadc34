import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import type { FileClass } from '../fileset.ts';
import { isObject, parsedJson } from './document.ts';
import { isTreePath } from './paths.ts';
import { readDisk } from './snapshot.ts';
import { MANIFEST } from './state.ts';

/** What was given to the user at `path`, and when to regard it as edited. */
export interface FileRecord {
  class: FileClass;
  mode: number;
  /** Of the pristine text, only for `generated`; absent while the user has only been offered one. */
  sha256?: string;
  /** A new text that conflicts with the user's edits and lies beside the file. */
  offer?: { path: string; sha256: string };
  /** A secret that is no longer part of the stack and still lies there. */
  left?: true;
}

/** Everything that is ours in the folder. Nothing outside of it is ever removed. */
export interface Manifest {
  files: ReadonlyMap<string, FileRecord>;
  /** Folders that were made by us, to be removed when they are empty and no longer needed. */
  directories: readonly string[];
}

const FORMAT = 1;
const CLASSES: readonly string[] = ['generated', 'secret', 'seed', 'answers'] satisfies FileClass[];

/**
 * Reads the manifest of the folder.
 * @returns undefined when there is none
 * @throws {UserError} exit 3 when a newer program wrote it or when it is damaged: acting as if there were none would
 * treat every file as the user's
 */
export function readManifest(root: string): Manifest | undefined {
  const file = readDisk(join(root, MANIFEST), MANIFEST, false);
  if (file === undefined) return undefined;
  const document = parsedJson(file.content.toString('utf8'));
  if (document === undefined) throw damaged('not JSON');
  if (!isObject(document)) throw damaged('not an object');
  const format = document['format'];
  if (typeof format === 'number' && format > FORMAT) {
    const problem = {
      file: MANIFEST,
      message: `was written by a newer version (${String(document['tool'])})`,
    };
    throw new UserError({ ...problem, hint: 'use that version or a later one' }, EXIT.refused);
  }
  if (format !== FORMAT) throw damaged('"format" is not a known number');
  const { files, directories } = document;
  if (!isObject(files)) throw damaged('"files" is missing');
  if (!Array.isArray(directories) || !directories.every(isPath))
    throw damaged('"directories" is no list of paths');
  const records = Object.entries(files).map(([path, record]): [string, FileRecord] => {
    if (!isPath(path)) throw damaged(`${JSON.stringify(path)} is not a path below the folder`);
    return [path, toRecord(path, record)];
  });
  return { files: new Map(records), directories };
}

function toRecord(path: string, value: unknown): FileRecord {
  if (!isObject(value)) throw damaged(`"${path}" is not an object`);
  const { class: fileClass, mode, sha256, offer, left } = value;
  if (typeof fileClass !== 'string' || !CLASSES.includes(fileClass)) throw damaged(`class of "${path}"`);
  if (typeof mode !== 'string' || !/^0[0-7]{3,4}$/.test(mode)) throw damaged(`mode of "${path}"`);
  const record: FileRecord = { class: fileClass as FileClass, mode: Number.parseInt(mode, 8) };
  if (sha256 !== undefined) record.sha256 = toHash(path, sha256);
  if (offer !== undefined) {
    if (!isObject(offer) || !isOfferOf(path, offer['path'])) throw damaged(`offer of "${path}"`);
    record.offer = { path: offer['path'], sha256: toHash(path, offer['sha256']) };
  }
  if (left === true) record.left = true;
  return record;
}

function toHash(path: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw damaged(`hash of "${path}"`);
  return value;
}

/**
 * The manifest's text; the same for the same content, so that it does not show up in a version control's diff.
 * @param tool version of the program
 */
export function serializeManifest(manifest: Manifest, tool: string): string {
  const paths = [...manifest.files.keys()].sort();
  const files = paths.map((path) => {
    const { class: fileClass, mode, sha256, offer, left } = manifest.files.get(path)!;
    return [path, { class: fileClass, mode: `0${mode.toString(8)}`, sha256, offer, left }] as const;
  });
  // From entries, because a file could be called `__proto__`.
  const document = {
    format: FORMAT,
    tool,
    directories: [...manifest.directories].sort(),
    files: Object.fromEntries(files),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function damaged(what: string): UserError {
  return new UserError(
    {
      file: MANIFEST,
      message: `is damaged: ${what}`,
      hint: 'restore it from version control or a backup; without it edited files cannot be told from generated ones',
    },
    EXIT.refused,
  );
}

function isOfferOf(path: string, value: unknown): value is string {
  return isPath(value) && value.startsWith(path) && /^\.new(\.\d+)?$/.test(value.slice(path.length));
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && isTreePath(value);
}
