import {test} from 'vitest';
import {memoryWorkspace} from '../storage/memory-storage.ts';
import {lakeScenarios, runLakeScenario} from './service-suite.ts';

test.each(Object.keys(lakeScenarios))('%s', (name) => runLakeScenario(name, memoryWorkspace()));
