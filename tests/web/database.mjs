// Puts into a stage's database what would take days or thousands of SIMs to come about.

import { spawn } from "node:child_process";
import { join } from "node:path";

const SCRIPT = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.executescript("BEGIN; " + sys.stdin.read() + "; COMMIT;")
`;

/** Carries out statements while the daemon does not run. */
export async function execute(stage, sql) {
  const python = spawn("python3", ["-c", SCRIPT, join(stage.folder, "db")], { stdio: ["pipe", "inherit", "inherit"] });
  const exited = new Promise((resolve) => python.once("exit", resolve));
  python.stdin.end(sql);
  if ((await exited) !== 0) throw new Error("the database has not taken the statements");
}
