// `postrider manual`, which the build calls: not in the help.
#include "failure.hpp"
#include "manual.hpp"
#include "program.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <memory>
#include <sysexits.h>

namespace postrider::cli {
namespace {

struct manual_request {
    std::string name{};
    std::string folder{};
};

std::string page(const CLI::App& root, std::string_view name) {
    const std::string text = manual_page(facts_of(root), name, POSTRIDER_DATE);
    if (!text.empty()) return text;
    std::string names;
    for (const manual_text& one : all_manual_texts()) names.append(names.empty() ? "" : ", ").append(one.page);
    throw failure{EX_USAGE, std::string{"there is no page `"}.append(name).append("`: there are ").append(names)};
}

int run_manual(const program& in, const CLI::App& root, const manual_request& r) {
    if (r.folder.empty()) {
        in.out() << page(root, r.name.empty() ? "postrider" : r.name);
        in.written();
        return EX_OK;
    }
    for (const manual_text& one : all_manual_texts()) {
        const std::string name = r.folder + "/" + std::string{one.page} + "." + std::string{one.section};
        std::ofstream file{name};
        file << page(root, one.page);
        if (!file.flush()) throw failure{EX_CANTCREAT, name + ": cannot be written"};
    }
    return EX_OK;
}

} // namespace

void add_manual(CLI::App& to, program& in) {
    CLI::App* const app = to.add_subcommand("manual", "Write a manual page, in roff")->group("");
    const auto request = std::make_shared<manual_request>();
    app->add_option("PAGE", request->name, "postrider, postrider-send, ...; default postrider");
    app->add_option("--folder", request->folder, "Write all of them into this folder")->option_text("DIR");
    app->callback([&in, &to, request] { in.run = [&in, &to, request] { return run_manual(in, to, *request); }; });
}

} // namespace postrider::cli
