// The exams of the list as they stand there, so that one exam's page knows its neighbours.
import { ANY, type Exam, exams } from "../api/exams";

const MOST = 100;
let listed: Exam[] = [];

/** The list shows these now. */
export function remember(shown: Exam[]): void {
  listed = shown;
}

/** An exam of the list, at once; undefined when the list never showed it. */
export function known(id: string): Exam | undefined {
  return listed.find((each) => each.id === id);
}

/** My exams around that one, in the order of the list; asked for when the list was never open. */
export async function around(id: string): Promise<Exam[]> {
  if (!known(id)) {
    listed = (await exams(ANY, "", MOST)).items;
  }
  return listed;
}
