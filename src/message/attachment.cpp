#include "message/attachment_content.hpp"
#include "postrider/message.hpp"

#include <utility>

namespace postrider {

namespace {

std::string last_component(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

} // namespace

attachment attach_file(std::string path, std::string name, std::string type) {
    if (name.empty()) name = last_component(path);
    return {.content = attachment_content::of_file(std::move(path)), .name = std::move(name), .type = std::move(type)};
}

attachment attach_octets(std::string name, std::string octets, std::string type) {
    return {
        .content = attachment_content::of_octets(std::move(octets)), .name = std::move(name), .type = std::move(type)};
}

attachment attach_stream(std::string name, std::istream& from, std::string type) {
    return {.content = attachment_content::spooled(from), .name = std::move(name), .type = std::move(type)};
}

attachment inline_file(std::string path, std::string content_id, std::string name, std::string type) {
    attachment result = attach_file(std::move(path), std::move(name), std::move(type));
    result.content_id = std::move(content_id);
    return result;
}

attachment inline_octets(std::string name, std::string octets, std::string content_id, std::string type) {
    attachment result = attach_octets(std::move(name), std::move(octets), std::move(type));
    result.content_id = std::move(content_id);
    return result;
}

} // namespace postrider
