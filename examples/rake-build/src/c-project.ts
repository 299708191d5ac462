/**
 * Argon2, the hash for passwords (RFC 9106): the reference implementation in C, which the npm package `argon2` carries, built
 * with `cc`, linked with a program of ours, and asked for the test vector of the RFC.
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type RakeAction, rakefile } from "./rakefile.js";

const SOURCES = ["argon2", "core", "encoding", "ref", "thread", "blake2/blake2b"];
const HEADERS = [
  "include/argon2.h",
  ...["core.h", "encoding.h", "thread.h"].map((name) => `src/${name}`),
  ...["blake2.h", "blake2-impl.h", "blamka-round-ref.h"].map((name) => `src/blake2/${name}`),
];
const PROGRAM = "argon2-vector";
const FLAGS = "-std=c99 -O2 -Wall -pthread -Iinclude -Isrc";

/** RFC 9106, section 5.3: Argon2id. */
export const RFC_9106_TAG = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";

/** Prints the tag that section 5.3 asks for. */
const VECTOR_C = `#include <stdio.h>
#include <string.h>
#include "argon2.h"

int main(void) {
  unsigned char tag[32], password[32], salt[16], secret[8], data[12];
  argon2_context context;
  memset(password, 1, sizeof password);
  memset(salt, 2, sizeof salt);
  memset(secret, 3, sizeof secret);
  memset(data, 4, sizeof data);
  memset(&context, 0, sizeof context);
  context.out = tag, context.outlen = sizeof tag;
  context.pwd = password, context.pwdlen = sizeof password;
  context.salt = salt, context.saltlen = sizeof salt;
  context.secret = secret, context.secretlen = sizeof secret;
  context.ad = data, context.adlen = sizeof data;
  context.t_cost = 3, context.m_cost = 32, context.lanes = context.threads = 4;
  context.version = ARGON2_VERSION_13;
  int code = argon2id_ctx(&context);
  if (code != ARGON2_OK) {
    fprintf(stderr, "%s\\n", argon2_error_message(code));
    return 1;
  }
  for (size_t i = 0; i < sizeof tag; i++) printf("%02x", tag[i]);
  printf("\\n");
  return 0;
}
`;

/** Fills an empty folder with the sources and the Rakefile. */
export function layOutCProject(folder: string, hosts: readonly string[]): void {
  const carried = join(dirname(createRequire(import.meta.url).resolve("argon2/package.json")), "argon2");
  mkdirSync(folder, { recursive: true });
  for (const name of ["include", "src", "LICENSE"])
    cpSync(join(carried, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, "src", "vector.c"), VECTOR_C);
  const objects = [...SOURCES, "vector"].map((name) => `${name.replace("blake2/", "")}.o`);
  const link: RakeAction = {
    command: `cc -pthread -o ${PROGRAM} ${objects.join(" ")}`,
    requires: objects,
    produces: [PROGRAM],
  };
  // The vector is computed where the program was not linked, too: what came back is a program.
  const run: RakeAction = { command: `./${PROGRAM}`, remote: false, requires: [PROGRAM] };
  const sets = [[...SOURCES, "vector"].map(compile), [link], [run]];
  writeFileSync(join(folder, "Rakefile"), rakefile({ hosts, sets }));
}

function compile(name: string): RakeAction {
  const object = `${name.replace("blake2/", "")}.o`;
  return {
    command: `cc ${FLAGS} -c -o ${object} src/${name}.c`,
    requires: [`src/${name}.c`, ...HEADERS],
    produces: [object],
  };
}
