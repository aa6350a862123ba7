"""``rf graph``: its functions behind the real program, whether or not the table has them yet."""

import json

import pytest

from rf_cli import program
from rf_cli.commands import COMMANDS, GROUPS, Entry
from rf_knowledge_graph import RelationshipKind, seed_graph
from rf_knowledge_graph.codec import load, save

FUNCTIONS = {
    "query": "query",
    "add": "add",
    "path": "path",
    "shock": "shock",
    "show": "show",
    "export": "export",
    "import": "import_graph",
}


@pytest.fixture(autouse=True)
def graph_commands(monkeypatch):
    known = {entry.path for entry in COMMANDS}
    more = [
        Entry(f"graph {name}", f"rf_cli.graph:{function}", "As the function says.", ())
        for name, function in FUNCTIONS.items()
        if f"graph {name}" not in known
    ]
    monkeypatch.setattr(program, "COMMANDS", (*COMMANDS, *more))
    monkeypatch.setattr(program, "GROUPS", {"graph": "Ask the graph."} | GROUPS)


def data(ran):
    assert ran.code == 0, ran.err or ran.out
    assert ran.json["ok"]
    return ran.json["data"]


def test_a_symbol_gives_its_context_as_numbered_facts(rf):
    found = data(rf("graph", "query", "NVDA", "--json"))
    assert found["entity"] == "NVIDIA"
    assert [row["row"] for row in found["facts"]] == [f"G{n}" for n in range(1, 11)]
    assert found["facts"][0]["text"].startswith("TSMC supplies NVIDIA")
    assert found["more"] > 0
    ran = rf("graph", "query", "NVDA")
    assert "TSMC supplies NVIDIA (weight 0.95)" in ran.out
    assert "Competes with AMD" in ran.out


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("affects", "AI capital spending affects NVIDIA"),
        ("dependencies", "NVIDIA is led by Jensen Huang"),
        ("suppliers", "ASML Holding supplies TSMC"),
        ("customers", "NVIDIA supplies CoreWeave"),
        ("summary", "NVIDIA competes with AMD"),
    ],
)
def test_each_kind_of_question_is_answered(rf, kind, told):
    found = data(rf("graph", "query", "NVDA", "--kind", kind, "--top", "30", "--json"))
    assert any(told in row["text"] for row in found["facts"])


def test_a_question_in_words_is_searched(rf):
    found = data(rf("graph", "query", "How do rising oil prices reach airlines?", "--json"))
    assert found["facts"][0]["text"].startswith("WTI crude oil affects Airlines")
    assert set(found["facts"][0]["places"]) == {"lexical", "hops", "paths", "pagerank"}


def test_a_statement_is_saved_in_the_data_folder_and_read_from_there(rf, data_dir):
    ran = rf(
        "graph", "add", "NVDA", "partners with", "Acme Robotics", "--weight", "0.6",
        "--description", "a joint lab", "--json",
    )  # fmt: skip
    added = data(ran)
    assert added["to"] == "ACME_ROBOTICS"
    assert (data_dir / "graph.json").exists()
    found = data(rf("graph", "query", "Acme Robotics", "--json"))
    assert found["facts"][0]["fact_id"] == added["fact_id"]
    assert "a joint lab" in found["facts"][0]["text"]


def test_a_denial_stands_beside_the_statement(rf, data_dir):
    data(rf("graph", "add", "TSMC", "supplies", "NVDA", "--denied", "--json"))
    found = data(rf("graph", "query", "NVDA", "--json"))
    disputed = [row["text"] for row in found["facts"] if row["disputed"]]
    assert any(text.startswith("TSMC supplies NVIDIA (weight 0.") for text in disputed)
    assert len(load((data_dir / "graph.json").read_bytes()).outgoing("TSMC")) > len(
        seed_graph().outgoing("TSMC")
    )


def test_a_path_is_shown_shortest_first(rf):
    rows = data(rf("graph", "path", "ASML", "Microsoft", "--json"))
    assert [row["hops"] for row in rows] == sorted(row["hops"] for row in rows)
    assert rows[0]["entities"][0] == "ASML"
    assert rows[0]["entities"][-1] == "MICROSOFT"
    assert any(row["entities"] == ["ASML", "TSMC", "NVIDIA", "MICROSOFT"] for row in rows)
    ran = rf("graph", "path", "Wheat", "Nike", "--hops", "1")
    assert "no path from WHEAT to NIKE in 1 steps" in ran.out


def test_a_shock_shows_both_signs(rf):
    rows = {row["target"]: row for row in data(rf("graph", "shock", "oil", "0.5", "--json"))}
    assert rows["ENERGY_SECTOR"]["score"] > 0 > rows["AIRLINES"]["score"]
    ran = rf("graph", "shock", "oil", "-0.5")
    assert "Airlines" in ran.out
    assert "OIL_WTI ->- AIRLINES" in ran.out


def test_an_entity_is_shown_as_a_tree_and_as_a_picture(rf, workspace):
    ran = rf("graph", "show", "AAPL", "--hops", "1", "--plot", "apple.html")
    assert ran.code == 0
    lines = [line.strip() for line in ran.out.splitlines()]
    assert "├─ is part of Technology sector (TECHNOLOGY_SECTOR)  1.00" in lines
    page = (workspace / "apple.html").read_text()
    assert "TSMC supplies Apple" in page
    assert "Plotly.newPlot" in page
    assert "<script src" not in page


def test_a_picture_escapes_what_documents_brought(rf, workspace):
    graph = seed_graph()
    graph.relate(
        "TSMC", "APPLE", RelationshipKind.SUPPLIES, description="<script>alert(1)</script>"
    )
    (workspace / "g.json").write_bytes(save(graph))
    ran = rf("graph", "show", "AAPL", "--graph", "g.json", "--plot", "a.html")
    assert ran.code == 0
    assert "<script>alert" not in (workspace / "a.html").read_text()


def test_json_and_tables_go_out_and_come_back(rf, workspace, data_dir):
    count = data(rf("graph", "export", "seed.json", "--json"))
    assert load((workspace / "seed.json").read_bytes()).edge_count == count["relationships"]
    assert data(rf("graph", "export", "tables", "--json"))["files"] == [
        "tables/entities.csv",
        "tables/edges.csv",
    ]
    back = data(
        rf("graph", "import", "tables/entities.csv", "tables/edges.csv", "--replace", "--json")
    )
    assert (back["entities"], back["relationships"]) == (count["entities"], count["relationships"])
    assert data(rf("graph", "import", "seed.json", "--check", "--json"))["files"] == []


def test_a_broken_import_names_the_place_and_changes_nothing(rf, workspace, data_dir):
    data(rf("graph", "add", "NVDA", "owns", "Acme", "--json"))
    before = (data_dir / "graph.json").read_bytes()
    (workspace / "edges.csv").write_text(
        "source_id,kind,target_id,weight\nA,Owns,B,0.5\nA,Owns,C,x\n"
    )
    ran = rf("graph", "import", "edges.csv")
    assert ran.code == 2
    assert "edges.csv, line 3: weight: expected a number, was 'x'" in ran.err
    assert (data_dir / "graph.json").read_bytes() == before
    (workspace / "bad.json").write_text(json.dumps({"format": "x"}))
    assert rf("graph", "import", "bad.json").code == 2


def test_a_broken_graph_file_is_named_and_not_replaced_by_the_seed(rf, data_dir):
    (data_dir / "graph.json").write_text("{")
    ran = rf("graph", "query", "NVDA")
    assert ran.code == 2
    assert "graph.json" in ran.err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("query", "NVDAX", "--kind", "context"), "similar: NVIDIA"),
        (("query", "Morgan"), "may be JPMORGAN"),
        (("query", "NVDA", "--top", "0"), "--top 0"),
        (("query", "NVDA", "--kind", "affects", "--hops", "0"), "--hops 0"),
        (("query", "who sells oil?", "--plot", "x.html"), "--plot"),
        (("query", "NVDA", "--plot", "x.png"), "x.png"),
        (("query", "NVDA", "--graph", "nowhere.json"), "nowhere.json"),
        (("add", "NVDA", "owns", "NVDA"), "another entity"),
        (("add", "NVDA", "owns", "AMD", "--weight", "2"), "weight"),
        (("add", "Morgan", "owns", "AMD"), "may be"),
        (("add", "NVDA", "owns", "AMD", "--out", "g.txt"), "g.txt"),
        (("path", "NVDA", "AMD", "--hops", "0"), "cutoff"),
        (("shock", "NVDA", "2"), "magnitude"),
        (("shock", "NVDA", "0.1", "--hops", "9"), "max_hops"),
        (("show", "NVDA", "--hops", "4"), "--hops 4"),
        (("export", "graph.txt"), "graph.txt"),
        (("import", "a.txt"), "a.txt"),
        (("import", "nowhere.json"), "nowhere.json"),
        (("import", "things.csv"), "entities.csv and edges.csv"),
    ],
)  # fmt: skip
def test_bad_calls_are_errors_of_the_call(rf, argv, told):
    ran = rf("graph", *argv)
    assert ran.code == 2
    assert told in ran.err
