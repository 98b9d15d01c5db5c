import { testBenchmarks } from './run-quickly.ts';

testBenchmarks(3);
