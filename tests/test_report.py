"""The model card is what the files say of themselves."""

from conftest import contract, write_model

from training.__main__ import main
from training.report.card import model_card

METRICS = {
    "deepcrack-256/test/f1": 0.8123,
    "deepcrack-256/test/f1_within_2px": 0.9012,
    "ozgenel-cls-negative/test/false_pixels": 0.00012,
}


def report(folder, *arguments) -> int:
    return main(["report", "--models", str(folder), *map(str, arguments)])


def test_the_card_shows_figures_and_licence_notes(tmp_path):
    sources = ("samir-concrete256", "uav75", "cracksight")
    write_model(
        tmp_path,
        contract(metrics=METRICS, trained_on=sources, threshold=0.44, threshold_from="validation"),
    )
    card = model_card(tmp_path)
    assert "| deepcrack-256 / test | 0.812 | 0.901 |  |" in card
    assert "| ozgenel-cls-negative / test |  |  | 0.0120% |" in card
    assert "Without a stated licence: cracksight." in card
    assert "From repositories under GPL-3.0: uav75." in card
    assert "0.44, chosen on validation photos" in card


def test_a_model_without_figures_says_so(tmp_path):
    write_model(tmp_path)
    assert "Not evaluated yet" in model_card(tmp_path)


def test_check_fails_where_the_card_is_out_of_date(tmp_path, capsys):
    write_model(tmp_path)
    assert report(tmp_path, "--check") == 2
    assert "out of date" in capsys.readouterr().err
    assert report(tmp_path) == 0
    assert report(tmp_path, "--check") == 0
    write_model(tmp_path, contract(version="1.0.1"))
    assert report(tmp_path, "--check") == 2


def test_a_folder_without_models_is_refused(tmp_path, capsys):
    assert report(tmp_path) == 2
    assert "holds no .onnx file" in capsys.readouterr().err
