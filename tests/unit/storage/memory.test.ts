import {test} from 'vitest';
import {memoryStorage} from './memory-storage.ts';
import {runScenario, scenarios} from './suite.ts';

test.each(Object.keys(scenarios))('%s', (name) => runScenario(name, memoryStorage()));
