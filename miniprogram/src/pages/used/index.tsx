// A demo's link that no longer works, and the ways on.
import { Page } from "../../parts/Page";
import { Button, Empty } from "../../parts/Pieces";
import { replace } from "../../state/go";
import { useWords } from "../../words";
import { usedWords } from "../../words/used";

export default function Used() {
  const say = useWords(usedWords);
  return (
    <Page title={say.usedTitle} first>
      <Empty title={say.usedWhy}>
        <Button onTap={() => replace("login")}>{say.byPhone}</Button>
      </Empty>
    </Page>
  );
}
