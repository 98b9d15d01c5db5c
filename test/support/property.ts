import fc from 'fast-check';

/**
 * fast-check, with the seed that the environment gives in TEST_SEED (an integer), if it gives one.
 *
 * A change is judged by the same inputs each time, so that it is never refused for a fault of another one. The long run and
 * whoever runs the tests by hand try others each time; what fails prints its seed.
 */
export { fc };

const { TEST_SEED } = process.env;
if (TEST_SEED !== undefined) {
  if (!/^\d{1,9}$/.test(TEST_SEED)) throw new Error(`TEST_SEED is "${TEST_SEED}", and must be an integer`);
  fc.configureGlobal({ seed: Number(TEST_SEED) });
}
