// Decoding of what Swift sends, with every length checked: a message that is not well-formed is refused whole.

#include "internal.h"

#include <sys/mman.h>

void *arena(size_t size) {
    static uint8_t *at, *end;
    size = (size + 15) & ~(size_t)15;
    if (size > (size_t)(end - at)) {
        size_t chunk = size > 60000 ? size : 65536;
        uint8_t *fresh = mmap(NULL, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED) return NULL;
        at = fresh;
        end = fresh + chunk;
    }
    void *memory = at;
    at += size;
    return memory;
}

char *arena_format(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena((size_t)length + 1);
    if (text == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

bool reader_next(struct reader *reader, struct field *field) {
    if (reader->is_broken || reader->at == reader->end) return false;
    if (reader->end - reader->at < 6) {
        reader->is_broken = true;
        return false;
    }
    uint16_t tag;
    memcpy(&tag, reader->at, 2);
    memcpy(&field->length, reader->at + 2, 4);
    field->tag = tag;
    field->bytes = reader->at + 6;
    if (field->length > (size_t)(reader->end - field->bytes)) {
        reader->is_broken = true;
        return false;
    }
    reader->at = field->bytes + field->length;
    return true;
}

const char *field_text(struct reader *reader, const struct field *field) {
    if (field->length == 0 || memchr(field->bytes, 0, field->length) != field->bytes + field->length - 1) {
        reader->is_broken = true;
        return NULL;
    }
    return (const char *)field->bytes;
}

uint64_t field_number(struct reader *reader, const struct field *field) {
    uint64_t number = 0;
    if (field->length == 8) memcpy(&number, field->bytes, 8);
    else reader->is_broken = true;
    return number;
}

struct reader field_reader(const struct field *field) { return (struct reader){.at = field->bytes, .end = field->bytes + field->length}; }

static size_t count_fields(struct reader reader, unsigned tag) {
    struct field field;
    size_t count = 0;
    while (reader_next(&reader, &field)) count += field.tag == tag;
    return count;
}

/// Zeroed memory for as many things as the message has fields of that tag, and one more.
static void *room_for(struct reader *reader, unsigned tag, size_t size) {
    void *memory = arena((count_fields(*reader, tag) + 1) * size);
    if (memory == NULL) reader->is_broken = true;
    return memory;
}

static void decode_file(struct reader reader, struct volume_file *file, bool *is_broken) {
    struct field field;
    while (reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_FILE_PATH: file->path = field_text(&reader, &field); break;
        case SKIFF_FILE_CONTENT: file->content = field.bytes; file->length = field.length; break;
        case SKIFF_FILE_MODE: file->mode = (mode_t)field_number(&reader, &field) & 07777; break;
        default: reader.is_broken = true;
        }
    }
    *is_broken |= reader.is_broken || file->path == NULL;
}

static void decode_volume(struct reader reader, struct volume *volume, bool *is_broken) {
    struct field field;
    volume->files = room_for(&reader, SKIFF_VOLUME_FILE, sizeof *volume->files);
    while (!reader.is_broken && reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_VOLUME_NAME: volume->name = field_text(&reader, &field); break;
        case SKIFF_VOLUME_KIND: volume->kind = (enum skiff_volume_kind)field_number(&reader, &field); break;
        case SKIFF_VOLUME_PATH: volume->path = field_text(&reader, &field); break;
        case SKIFF_VOLUME_CHECK: volume->check = field_text(&reader, &field); break;
        case SKIFF_VOLUME_FILE: decode_file(field_reader(&field), &volume->files[volume->file_count++], &reader.is_broken); break;
        default: reader.is_broken = true;
        }
    }
    bool needs_path = volume->kind == SKIFF_VOLUME_HOST || volume->kind == SKIFF_VOLUME_CLAIM;
    *is_broken |= reader.is_broken || volume->name == NULL || (needs_path && (volume->path == NULL || volume->path[0] != '/'));
}

static void decode_mount(struct reader reader, struct volume_mount *mount, bool *is_broken) {
    struct field field;
    mount->tree = mount->link = -1;
    while (reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_MOUNT_VOLUME: mount->volume = field_number(&reader, &field); break;
        case SKIFF_MOUNT_PATH: mount->path = field_text(&reader, &field); break;
        case SKIFF_MOUNT_SUB_PATH: mount->sub_path = field_text(&reader, &field); break;
        case SKIFF_MOUNT_READ_ONLY: mount->is_read_only = field_number(&reader, &field) != 0; break;
        default: reader.is_broken = true;
        }
    }
    *is_broken |= reader.is_broken || mount->path == NULL || mount->path[0] != '/';
}

static void decode_input(struct reader reader, struct input *input, bool *is_broken) {
    struct field field;
    input->source_descriptor = -1;
    input->mode = -1;
    while (reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_INPUT_NAME: input->name = field_text(&reader, &field); break;
        case SKIFF_INPUT_PATH: input->path = field_text(&reader, &field); break;
        case SKIFF_INPUT_TEXT: input->text = field.bytes; input->text_length = field.length; break;
        case SKIFF_INPUT_SOURCE: input->source = field_text(&reader, &field); break;
        case SKIFF_INPUT_MODE: input->mode = (int)(field_number(&reader, &field) & 07777); break;
        case SKIFF_INPUT_MODE_IS_RECURSIVE: input->mode_is_recursive = field_number(&reader, &field) != 0; break;
        default: reader.is_broken = true;
        }
    }
    *is_broken |= reader.is_broken || input->name == NULL || input->path == NULL || input->path[0] != '/';
}

static void decode_output(struct reader reader, struct output *output, bool *is_broken) {
    struct field field;
    while (reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_OUTPUT_PATH: output->path = field_text(&reader, &field); break;
        case SKIFF_OUTPUT_FILE_NAME: output->file_name = field_text(&reader, &field); break;
        case SKIFF_OUTPUT_LABEL: output->label = field_text(&reader, &field); break;
        default: reader.is_broken = true;
        }
    }
    bool is_name = output->file_name == NULL || (output->file_name[0] != 0 && strchr(output->file_name, '/') == NULL);
    *is_broken |= reader.is_broken || output->path == NULL || output->label == NULL || !is_name;
}

static void decode_handler(struct reader reader, struct handler **decoded, bool *is_broken) {
    struct field field;
    struct handler *handler = room_for(&reader, 0, sizeof *handler);
    if (handler != NULL) handler->arguments = room_for(&reader, SKIFF_HANDLER_ARGUMENT, sizeof(char *));
    while (!reader.is_broken && reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_HANDLER_ARGUMENT: handler->arguments[handler->argument_count++] = (char *)field_text(&reader, &field); break;
        case SKIFF_HANDLER_ADDRESS: handler->address = field_text(&reader, &field); break;
        case SKIFF_HANDLER_PORT: handler->port = (uint16_t)field_number(&reader, &field); break;
        case SKIFF_HANDLER_REQUEST: handler->request = field.bytes; handler->request_length = field.length; break;
        case SKIFF_HANDLER_DELAY: handler->delay = field_number(&reader, &field); break;
        case SKIFF_HANDLER_PERIOD: handler->period = field_number(&reader, &field); break;
        case SKIFF_HANDLER_TIMEOUT: handler->timeout = field_number(&reader, &field); break;
        case SKIFF_HANDLER_THRESHOLD: handler->threshold = field_number(&reader, &field); break;
        default: reader.is_broken = true;
        }
    }
    *decoded = handler;
    *is_broken |= reader.is_broken || (handler->argument_count == 0 && handler->address == NULL);
}

static void decode_container(struct reader reader, struct container *container, bool *is_broken) {
    struct field field;
    container->user = container->group = container->code = container->link = -1;
    container->attempts = 1;
    container->arguments = room_for(&reader, SKIFF_CONTAINER_ARGUMENT, sizeof(char *));
    container->environment = room_for(&reader, SKIFF_CONTAINER_ENVIRONMENT, sizeof(char *));
    container->mounts = room_for(&reader, SKIFF_CONTAINER_MOUNT, sizeof(struct volume_mount));
    container->dependencies = room_for(&reader, SKIFF_CONTAINER_DEPENDENCY, sizeof(size_t));
    while (!reader.is_broken && reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_CONTAINER_NAME: container->name = field_text(&reader, &field); break;
        case SKIFF_CONTAINER_KIND: container->kind = (enum skiff_container_kind)field_number(&reader, &field); break;
        case SKIFF_CONTAINER_ARGUMENT: container->arguments[container->argument_count++] = (char *)field_text(&reader, &field); break;
        case SKIFF_CONTAINER_ENVIRONMENT: container->environment[container->environment_count++] = (char *)field_text(&reader, &field); break;
        case SKIFF_CONTAINER_WORKING_DIRECTORY: container->working_directory = field_text(&reader, &field); break;
        case SKIFF_CONTAINER_SCRIPT: container->script = field.bytes; container->script_length = field.length; break;
        case SKIFF_CONTAINER_SCRIPT_PATH: container->script_path = field_text(&reader, &field); break;
        case SKIFF_CONTAINER_USER: container->user = (int64_t)field_number(&reader, &field); break;
        case SKIFF_CONTAINER_GROUP: container->group = (int64_t)field_number(&reader, &field); break;
        case SKIFF_CONTAINER_MOUNT: decode_mount(field_reader(&field), &container->mounts[container->mount_count++], &reader.is_broken); break;
        case SKIFF_CONTAINER_ROOT_FILE_SYSTEM: container->root_file_system = field_text(&reader, &field); break;
        case SKIFF_CONTAINER_IMAGE: container->image = field_text(&reader, &field); break;
        case SKIFF_CONTAINER_IS_TERMINAL: container->is_terminal = field_number(&reader, &field) != 0; break;
        case SKIFF_CONTAINER_DEPENDENCY: container->dependencies[container->dependency_count++] = field_number(&reader, &field); break;
        case SKIFF_CONTAINER_ATTEMPTS: container->attempts = field_number(&reader, &field); break;
        case SKIFF_CONTAINER_RETRY_MILLISECONDS: container->retry_milliseconds = field_number(&reader, &field); break;
        case SKIFF_CONTAINER_POST_START: decode_handler(field_reader(&field), &container->post_start, &reader.is_broken); break;
        case SKIFF_CONTAINER_PRE_STOP: decode_handler(field_reader(&field), &container->pre_stop, &reader.is_broken); break;
        case SKIFF_CONTAINER_READINESS: decode_handler(field_reader(&field), &container->readiness, &reader.is_broken); break;
        case SKIFF_CONTAINER_CPU_LIMIT: container->cpu_limit = field_number(&reader, &field); break;
        case SKIFF_CONTAINER_MEMORY_LIMIT: container->memory_limit = field_number(&reader, &field); break;
        case SKIFF_CONTAINER_PAUSES_BEFORE: container->pauses_before = field_number(&reader, &field) != 0; break;
        case SKIFF_CONTAINER_RESTARTS: container->restarts = field_number(&reader, &field) != 0; break;
        case SKIFF_CONTAINER_PAUSES_AFTER: container->pauses_after = field_number(&reader, &field) != 0; break;
        default: reader.is_broken = true;
        }
    }
    bool is_name = container->name != NULL && container->name[0] != 0 && strchr(container->name, '/') == NULL && strlen(container->name) < 200;
    *is_broken |= reader.is_broken || !is_name || container->argument_count == 0;
}

/// Whether everything that refers to something else in the message refers to something that is there.
static bool is_coherent(const struct pod_request *request) {
    if (request->main >= request->container_count) return false;
    for (size_t i = 0; i < request->container_count; i++) {
        const struct container *container = &request->containers[i];
        for (size_t j = 0; j < container->mount_count; j++) {
            if (container->mounts[j].volume >= request->volume_count) return false;
        }
        for (size_t j = 0; j < container->dependency_count; j++) {
            if (container->dependencies[j] >= request->container_count) return false;
        }
    }
    return request->directory != NULL && request->directory[0] == '/' && request->identity != NULL;
}

bool decode_pod_request(const uint8_t *bytes, size_t length, struct pod_request *request) {
    struct reader reader = {.at = bytes, .end = bytes + length};
    struct field field;
    request->containers = room_for(&reader, SKIFF_POD_CONTAINER, sizeof(struct container));
    request->volumes = room_for(&reader, SKIFF_POD_VOLUME, sizeof(struct volume));
    request->inputs = room_for(&reader, SKIFF_POD_INPUT, sizeof(struct input));
    request->parameters = room_for(&reader, SKIFF_POD_OUTPUT_PARAMETER, sizeof(struct output));
    request->artifacts = room_for(&reader, SKIFF_POD_OUTPUT_ARTIFACT, sizeof(struct output));
    bool is_broken = reader.is_broken;
    while (!is_broken && reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_POD_DIRECTORY: request->directory = field_text(&reader, &field); break;
        case SKIFF_POD_IDENTITY: request->identity = field_text(&reader, &field); break;
        case SKIFF_POD_GRACE_MILLISECONDS: request->grace_milliseconds = field_number(&reader, &field); break;
        case SKIFF_POD_LOG_LIMIT: request->log_limit = field_number(&reader, &field); break;
        case SKIFF_POD_LOG_FILES: request->log_files = field_number(&reader, &field); break;
        case SKIFF_POD_CAPTURES_RESULT: request->captures_result = field_number(&reader, &field) != 0; break;
        case SKIFF_POD_VOLUME: decode_volume(field_reader(&field), &request->volumes[request->volume_count++], &is_broken); break;
        case SKIFF_POD_INPUT: decode_input(field_reader(&field), &request->inputs[request->input_count++], &is_broken); break;
        case SKIFF_POD_OUTPUT_PARAMETER:
            decode_output(field_reader(&field), &request->parameters[request->parameter_count++], &is_broken);
            break;
        case SKIFF_POD_OUTPUT_ARTIFACT:
            decode_output(field_reader(&field), &request->artifacts[request->artifact_count++], &is_broken);
            break;
        case SKIFF_POD_CONTAINER: decode_container(field_reader(&field), &request->containers[request->container_count++], &is_broken); break;
        case SKIFF_POD_MAIN: request->main = field_number(&reader, &field); break;
        case SKIFF_POD_IS_SET: request->is_set = field_number(&reader, &field) != 0; break;
        case SKIFF_POD_IS_DAEMON: request->is_daemon = field_number(&reader, &field) != 0; break;
        case SKIFF_POD_SHARES_PLACE: request->shares_place = field_number(&reader, &field) != 0; break;
        default: is_broken = true;
        }
    }
    return !is_broken && !reader.is_broken && is_coherent(request);
}

bool decode_session_options(const uint8_t *bytes, size_t length, struct session_options *options) {
    struct reader reader = {.at = bytes, .end = bytes + length};
    struct field field;
    options->hidden = room_for(&reader, SKIFF_SESSION_HIDDEN, sizeof(char *));
    while (!reader.is_broken && reader_next(&reader, &field)) {
        switch (field.tag) {
        case SKIFF_SESSION_IS_SANDBOX: options->is_sandbox = field_number(&reader, &field) != 0; break;
        case SKIFF_SESSION_DATA_DIRECTORY: options->data_directory = field_text(&reader, &field); break;
        case SKIFF_SESSION_HIDDEN: options->hidden[options->hidden_count++] = field_text(&reader, &field); break;
        default: reader.is_broken = true;
        }
    }
    return !reader.is_broken && options->data_directory != NULL && options->data_directory[0] == '/';
}
