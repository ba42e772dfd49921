package main

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Made up; every rule below is tried on it.
const fruit = `// Package fruit sells fruit.
package fruit

import (
	"fmt"
	"strings"

	pear "example.org/pear"
	"example.org/plum" // sells plums
)

// Season is when we sell.
const Season = "autumn"

var (
	basket []string

	// crates hold what the baskets do not.
	crates pear.Crate

	left, right int
)

// Sell sells.
func Sell(kind string, err error) string {
	switch kind {
	case pear.Name, plum.Name:
		return "sweet"
	case plum.Stone:
		return fmt.Sprint("hard")
		// Others may follow.
	default:
	}

	// Errors of pears come first.
	if pear.Open && kind != "" {
		basket = append(basket, kind)
	}

	if parts := plum.Split(kind); len(parts) > 0 {
		return parts[0]
	} else if err == nil {
		return ""
	}

	switch {
	case crates.Full != nil:
		return "pear"
	}
	switch err.(type) {
	case *plum.Error:
		return strings.ToUpper("plum")
	}
	return "plum"
}

func (basket Basket) Count() int { return 0 }

func (crate Crate) Count() int { return 0 }

func Open() int { one := 1; return one }

// A Stall stands in the street.
type Stall struct {
	owner string

	// boxes are full.
	boxes []pear.Box
	a, b  int
}

// Build builds.
func Build() *Stall {
	plum.Grow(nil)
	return &Stall{
		owner: "us",

		boxes: pear.Boxes(), a: 1,
		b: 2,
	}
}
`

// run writes the source and the rules down, prunes, and answers with what the source is then.
func run(t *testing.T, rules string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "shop", "fruit.go")
	write(t, path, fruit)
	rulesPath := filepath.Join(folder, "left-out.txt")
	write(t, rulesPath, rules)
	failure := prune(rulesPath, folder)
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text), failure
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEachRuleChangesWhatItNamesAndNothingElse(t *testing.T) {
	for rule, change := range map[string][2]string{
		"drop import strings":          {"\t\"strings\"\n", ""},
		"drop import example.org/pear": {"\tpear \"example.org/pear\"\n", ""},
		"drop import example.org/plum": {"\t\"example.org/plum\" // sells plums\n", ""},
		"drop const Season":            {"// Season is when we sell.\nconst Season = \"autumn\"\n\n", ""},
		"drop var basket":              {"\tbasket []string\n\n", ""},
		"drop var crates":              {"\t// crates hold what the baskets do not.\n\tcrates pear.Crate\n\n", ""},
		"drop func Open":               {"func Open() int { one := 1; return one }\n\n", ""},
		"drop type Stall": {
			"// A Stall stands in the street.\ntype Stall struct {\n\towner string\n\n\t// boxes are full.\n\tboxes []pear.Box\n\ta, b  int\n}\n\n", "",
		},
		"drop field boxes in Stall":    {"\n\t// boxes are full.\n\tboxes []pear.Box\n", "\n"},
		"drop field owner in Stall":    {"\towner string\n\n", ""},
		"drop key owner in Build":      {"\t\towner: \"us\",\n\n", ""},
		"drop key b in Build":          {"\t\tb: 2,\n", ""},
		"drop call plum.Grow in Build": {"\tplum.Grow(nil)\n", ""},
		"drop case pear.Name":          {"pear.Name, ", ""},
		"drop case plum.Name":          {", plum.Name", ""},
		"drop case plum.Stone in Sell": {"\tcase plum.Stone:\n\t\treturn fmt.Sprint(\"hard\")\n", ""},
		"drop case *plum.Error":        {"\tcase *plum.Error:\n\t\treturn strings.ToUpper(\"plum\")\n", ""},
		"drop case crates.Full":        {"\tcase crates.Full != nil:\n\t\treturn \"pear\"\n", ""},
		"drop if pear.Open in Sell": {
			"\t// Errors of pears come first.\n\tif pear.Open && kind != \"\" {\n\t\tbasket = append(basket, kind)\n\t}\n\n", "",
		},
		"replace import example.org/pear by example.org/fig/pear": {"example.org/pear", "example.org/fig/pear"},
		"replace plum.Stone by fig.Stone in Sell":                 {"plum.Stone", "fig.Stone"},
		`replace "hard" by "soft" in Sell`:                        {`"hard"`, `"soft"`},
		"replace body of Open by if Season == \"\" { return 2 }; return 3": {
			"{ one := 1; return one }", "{\n\tif Season == \"\" {\n\t\treturn 2\n\t}\n\treturn 3\n}",
		},
	} {
		t.Run(rule, func(t *testing.T) {
			wanted := strings.Replace(fruit, change[0], change[1], 1)
			pruned, err := run(t, "file shop/fruit.go\n  "+rule+"\n")

			if err != nil {
				t.Fatal(err)
			}
			if pruned != wanted {
				t.Errorf("became:\n%s", pruned)
			}
		})
	}
}

func TestRulesThatDoNotFitOnePlaceAreNamedAndNothingIsWritten(t *testing.T) {
	for rule, reason := range map[string]string{
		"drop import example.org/fig":             "fits 0 places",
		"drop func Buy":                           "fits 0 places",
		"drop func Count":                         "fits 2 places",
		"drop var left":                           "fits 0 places",
		"drop const basket":                       "fits 0 places",
		"drop case plum.Skin":                     "fits 0 places",
		"drop case plum.Name in Buy":              "0 functions are named Buy",
		"drop case plum.Name in Count":            "2 functions are named Count",
		"drop type Crate":                         "fits 0 places",
		"drop field a in Stall":                   "fits 0 places",
		"drop field kind in Stall":                "fits 0 places",
		"drop key boxes in Build":                 "shares its line",
		"drop key colour in Build":                "fits 0 places",
		"drop call plum.Split in Sell":            "fits 0 places",
		"drop if pear.Closed in Sell":             "fits 0 places",
		"drop if plum.Split in Sell":              "has an else",
		"drop if err in Sell":                     "shares its line",
		"replace plum.Name by fig.Name in Open":   "fits 0 places",
		"replace kind by fig in Sell":             "places",
		"replace \"hard\" by ) in Sell":           "expected",
		"replace body of Open by return }":        "expected",
		"replace import example.org/fig by other": "fits 0 places",
	} {
		t.Run(rule, func(t *testing.T) {
			pruned, err := run(t, "# Why.\n\nfile shop/fruit.go\ndrop const Season\n"+rule+"\n")

			if err == nil || !strings.Contains(err.Error(), "left-out.txt:5: "+rule+": ") || !strings.Contains(err.Error(), reason) {
				t.Errorf("said: %v", err)
			}
			if pruned != fruit {
				t.Error("the file was written")
			}
		})
	}
}

func TestAllRulesThatDoNotFitAreNamed(t *testing.T) {
	_, err := run(t, "file shop/fruit.go\ndrop func Buy\ndrop func Steal\n")

	if err == nil || !strings.Contains(err.Error(), ":2: drop func Buy") || !strings.Contains(err.Error(), ":3: drop func Steal") {
		t.Errorf("said: %v", err)
	}
}

func TestRulesOfAFileActOneAfterTheOther(t *testing.T) {
	pruned, err := run(t, `file shop/fruit.go
drop import fmt
drop import strings
drop import example.org/pear
drop import example.org/plum
drop var basket
drop var crates
drop case pear.Name
drop case plum.Name
`)

	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(pruned, "package fruit\n\n// Season is") || !strings.Contains(pruned, "var (\n\tleft, right int\n)") {
		t.Errorf("became:\n%s", pruned)
	}
	if !strings.Contains(pruned, "switch kind {\n\tcase plum.Stone:") {
		t.Errorf("became:\n%s", pruned)
	}
	formatted, err := format.Source([]byte(pruned))
	if err != nil || !bytes.Equal(formatted, []byte(pruned)) {
		t.Errorf("is not as gofmt writes it (%v):\n%s", err, pruned)
	}
}

func TestAFileIsDropped(t *testing.T) {
	pruned, err := run(t, "drop file shop/fruit.go\n")

	if err != nil || pruned != "" {
		t.Errorf("said %v, left %q", err, pruned)
	}
}

func TestFilesOfANameAreDroppedFromAFolderAndThoseBelowIt(t *testing.T) {
	folder := t.TempDir()
	kept := []string{"a_mock.go", "shop/mock.go", "shop/below/a_mock.go.txt"}
	gone := []string{"shop/a_mock.go", "shop/below/b_mock.go"}
	for _, path := range append(kept, gone...) {
		write(t, filepath.Join(folder, path), "package shop\n")
	}
	rules := filepath.Join(folder, "left-out.txt")
	write(t, rules, "drop files *_mock.go in shop\n")

	if err := prune(rules, folder); err != nil {
		t.Fatal(err)
	}
	for _, path := range kept {
		if _, err := os.Stat(filepath.Join(folder, path)); err != nil {
			t.Error(err)
		}
	}
	for _, path := range gone {
		if _, err := os.Stat(filepath.Join(folder, path)); !os.IsNotExist(err) {
			t.Errorf("%s is still there", path)
		}
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	for _, rules := range []string{"drop file shop/bread.go", "file shop/bread.go\ndrop func Bake"} {
		if _, err := run(t, rules); err == nil || !strings.Contains(err.Error(), "shop/bread.go: no such file") {
			t.Errorf("said: %v", err)
		}
	}
}

func TestRulesThatAreNoneAreRefused(t *testing.T) {
	for rules, reason := range map[string]string{
		"":                                   "holds no rule",
		"# Nothing.\n":                       "holds no rule",
		"drop func Sell":                     "file PATH",
		"drop file ../fruit.go":              "below the folder",
		"drop file /etc/passwd":              "below the folder",
		"file shop/fruit.go\ndrop":           ":2: drop: no such rule",
		"drop files *_mock.go in ../shop":    "below the folder",
		"drop files [ in shop":               "syntax error in pattern",
		"drop files *_mock.go in shop":       "fits no file",
		"drop files *_mock.go in street":     "no such file",
		"file a.go\ndrop method Count":       "no such rule",
		"file a.go\nreplace body of Sell by": "no such rule",
	} {
		t.Run(rules, func(t *testing.T) {
			if _, err := run(t, rules); err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("said: %v", err)
			}
		})
	}
}
