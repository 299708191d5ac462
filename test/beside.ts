/**
 * Tests that wait most of their time can run beside each other (`it.concurrent`). vitest knows no current test there, so
 * that what is to be done at the end of one goes by way of `atTestEnd`, in the test and in all that it calls.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { onTestFinished, type TestContext } from "vitest";

const current = new AsyncLocalStorage<TestContext["onTestFinished"]>();

/** The body of a test that runs beside others: `it.concurrent("title", beside(async () => { ... }))`. */
export function beside(test: () => Promise<void>): (context: TestContext) => Promise<void> {
  return async ({ onTestFinished: atEnd }) => await current.run(atEnd, test);
}

/** The same of a table: `it.concurrent.for(rows)("title", eachBeside(async (row) => { ... }))`. */
export function eachBeside<Row>(test: (row: Row) => Promise<void>): (row: Row, context: TestContext) => Promise<void> {
  return async (row, { onTestFinished: atEnd }) => await current.run(atEnd, async () => await test(row));
}

/** Does something when the current test ends, whether it runs beside others or by itself. */
export function atTestEnd(work: () => Promise<void> | void): void {
  (current.getStore() ?? onTestFinished)(work);
}
