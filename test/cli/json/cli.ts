import assert from 'node:assert/strict';
import { commandOutputs } from '../../../tools/documents/json/commands.ts';
import type { JsonObject } from '../../../tools/documents/json/description.ts';
import { error } from '../../../tools/documents/json/shared-objects.ts';
import { type CommandOptions, type Ended, pkarrd, RunningCommand } from '../../support/command.ts';
import type { JsonWitness } from '../../support/json-witness.ts';

/** A value of JSON that a test looks into. */
// biome-ignore lint/suspicious/noExplicitAny: what it is, the witness has just held to its description.
export type Json = any;

/** Runs commands with `--json`, and holds all that they write to the description. */
export class JsonCli {
  readonly options: CommandOptions;
  readonly witness: JsonWitness;

  constructor(options: CommandOptions, witness: JsonWitness) {
    this.options = options;
    this.witness = witness;
  }

  /** Runs a command to its end. Standard output must be one object, the one with this title, and standard error no error. */
  async run(title: string, command: string, ...words: readonly string[]): Promise<Json> {
    const { code, out, err } = await pkarrd([command, '--json', ...words], this.options);
    const object = outputOf(command, title);
    assert.match(
      out,
      /^\{\n[\s\S]*\n\}\n$/,
      `${command} ${words.join(' ')}: exit code ${code}: ${err}${out}`,
    );
    return this.#held(JSON.parse(out), object);
  }

  /** Runs a command that fails: standard output must be one line, an error with its exit code. */
  async fails(command: string, ...words: readonly string[]): Promise<Json> {
    const ended = await pkarrd([command, '--json', ...words], this.options);
    return this.failed(ended, error);
  }

  /** What a command wrote that failed. */
  failed({ code, out, err }: Ended, object: JsonObject): Json {
    assert.match(out, /^\{.*\}\n$/, `${code}: ${err}`);
    const value = this.#held(JSON.parse(out), object);
    assert.equal(value.exitCode, code);
    return value;
  }

  /** The same, of a command that has more to say of its error. */
  async failsWith(title: string, command: string, ...words: readonly string[]): Promise<Json> {
    const ended = await pkarrd([command, '--json', ...words], this.options);
    return this.failed(ended, outputOf(command, title));
  }

  /** Starts a command that writes lines. */
  start(command: string, ...words: readonly string[]): RunningCommand {
    return new RunningCommand([command, '--json', ...words], this.options);
  }

  /** Holds lines that a command wrote, each to the object with one of these titles that has its fields. */
  lines(out: string, command: string, ...titles: readonly string[]): readonly Json[] {
    const objects = titles.map((title) => outputOf(command, title));
    return out
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const value = JSON.parse(line);
        const object = objects.find(({ fields }) => Object.keys(fields).some((name) => name in value));
        return this.#held(value, object ?? assert.fail(line));
      });
  }

  #held(value: Json, object: JsonObject): Json {
    this.witness.hold(value, object);
    return value;
  }
}

/** What a command is described to write, by its title. */
export function outputOf(command: string, title: string): JsonObject {
  const outputs = commandOutputs.find((of) => of.command === command)?.outputs ?? [];
  const found = outputs.find(({ object }) => object.title === title);
  return found?.object ?? assert.fail(`${command} is not described to write ${title}`);
}
