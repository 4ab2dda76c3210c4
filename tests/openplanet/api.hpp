// What a plug-in is offered: registering, a clock, strings, buffers and sockets.
#pragma once
#include <angelscript.h>
#include <angelscript/scriptstdstring.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using std::string;

static unsigned frames = 0;
static double wakes = 0;  // ms, when a sleeping Main goes on

static double now() {
    using namespace std::chrono;
    return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

static void must(int code, const char *what) {
    if (code >= 0) return;
    fprintf(stderr, "cannot register %s: %d\n", what, code);
    exit(2);
}
#define FUNCTION(declaration, f) \
    must(engine->RegisterGlobalFunction(declaration, asFUNCTION(f), asCALL_CDECL), declaration)
#define METHOD(type, declaration, m) \
    must(engine->RegisterObjectMethod(type, declaration, m, asCALL_THISCALL), declaration)
#define LINK(type, declaration, f) \
    must(engine->RegisterObjectMethod(type, declaration, asFUNCTION(f), asCALL_CDECL_OBJFIRST), declaration)
#define FIELD(type, declaration, T, name) \
    must(engine->RegisterObjectProperty(type, declaration, asOFFSET(T, name)), declaration)


struct Counted {
    int count = 1;
    void grab() { count++; }
    virtual ~Counted() {}
    void drop() {
        if (--count == 0) delete this;
    }
};

struct Buffer : Counted {
    std::vector<char> bytes;
    size_t place = 0;
    static Buffer *make(asQWORD size) {
        auto buffer = new Buffer;
        buffer->bytes.resize(size);
        return buffer;
    }
    template <typename T> void put(T value) {
        if (place + sizeof value > bytes.size()) bytes.resize(place + sizeof value);
        memcpy(&bytes[place], &value, sizeof value);
        place += sizeof value;
    }
    void seek(asQWORD to, int) { place = to; }
    asQWORD size() { return bytes.size(); }
};

struct Socket : Counted {
    int file = -1;
    ~Socket() { close(); }
    static Socket *make() { return new Socket; }
    bool listen(const string &host, asWORD port) {
        file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in place = {};
        place.sin_family = AF_INET;
        place.sin_port = htons(port);
        socklen_t size = sizeof place;
        if (inet_pton(AF_INET, host.c_str(), &place.sin_addr) != 1 || bind(file, (sockaddr *)&place, size) ||
            ::listen(file, 4) || getsockname(file, (sockaddr *)&place, &size))
            return false;
        printf("port %d\n", ntohs(place.sin_port));
        fflush(stdout);
        return true;
    }
    Socket *accept(int) {
        int client = accept4(file, nullptr, nullptr, SOCK_NONBLOCK);
        if (client < 0) return nullptr;
        auto next = new Socket;
        next->file = client;
        return next;
    }
    bool ready() {
        pollfd one = {file, POLLOUT, 0};
        return file >= 0 && poll(&one, 1, 0) > 0 && (one.revents & POLLOUT);
    }
    bool hungUp() {
        char byte;
        return file < 0 || recv(file, &byte, 1, MSG_PEEK) == 0;
    }
    int available() {
        char bytes[4096];
        ssize_t count = recv(file, bytes, sizeof bytes, MSG_PEEK);
        return count > 0 ? int(count) : 0;
    }
    bool readLine(string &line) {
        char bytes[4096];
        ssize_t count = recv(file, bytes, sizeof bytes, MSG_PEEK);
        char *end = count > 0 ? (char *)memchr(bytes, '\n', count) : nullptr;
        if (!end) return false;
        line.assign(bytes, end - bytes);
        return recv(file, bytes, end - bytes + 1, 0) > 0;
    }
    bool write(Buffer *buffer, asQWORD size) {
        ssize_t sent = send(file, &buffer->bytes[buffer->place], size, MSG_NOSIGNAL);
        buffer->drop();
        return sent == ssize_t(size);
    }
    void close() {
        if (file >= 0) ::close(file);
        file = -1;
    }
};

struct Vec3 {
    float x, y, z;
};
struct WString {
    string text;
};

static asUINT length(const string &text) { return asUINT(text.size()); }
static bool startsWith(const string &part, const string &text) { return text.compare(0, part.size(), part) == 0; }
static void pass() { asGetActiveContext()->Suspend(); }
static void sleepFor(asQWORD milliseconds) {
    wakes = now() + double(milliseconds);
    pass();
}
static asQWORD milliseconds() { return asQWORD(now()); }
static asUINT frameCount() { return frames; }
static void say(const string &text) { fprintf(stderr, "%s\n", text.c_str()); }
static void makeWide(WString *place) { new (place) WString; }
static void dropWide(WString *place) { place->~WString(); }
static string narrow(const WString &text) { return text.text; }


static void counted(asIScriptEngine *engine, const char *type) {
    must(engine->RegisterObjectType(type, 0, asOBJ_REF), type);
    must(engine->RegisterObjectBehaviour(type, asBEHAVE_ADDREF, "void f()",
         asMETHOD(Counted, grab), asCALL_THISCALL), type);
    must(engine->RegisterObjectBehaviour(type, asBEHAVE_RELEASE, "void f()",
         asMETHOD(Counted, drop), asCALL_THISCALL), type);
}

static void core(asIScriptEngine *engine) {
    RegisterStdString(engine);
    LINK("string", "uint get_Length() const property", length);
    must(engine->RegisterObjectMethod("string", "bool StartsWith(const string &in) const", asFUNCTION(startsWith),
                                      asCALL_CDECL_OBJLAST), "StartsWith");
    must(engine->RegisterObjectType("wstring", sizeof(WString), asOBJ_VALUE | asGetTypeTraits<WString>()), "wstring");
    must(engine->RegisterObjectBehaviour("wstring", asBEHAVE_CONSTRUCT, "void f()",
         asFUNCTION(makeWide), asCALL_CDECL_OBJFIRST), "wstring");
    must(engine->RegisterObjectBehaviour("wstring", asBEHAVE_DESTRUCT, "void f()",
         asFUNCTION(dropWide), asCALL_CDECL_OBJFIRST), "wstring");
    LINK("wstring", "string opConv() const", narrow);
    must(engine->RegisterObjectType("vec3", sizeof(Vec3),
         asOBJ_VALUE | asOBJ_POD | asOBJ_APP_CLASS_ALLFLOATS | asGetTypeTraits<Vec3>()), "vec3");
    FIELD("vec3", "float x", Vec3, x);
    FIELD("vec3", "float y", Vec3, y);
    FIELD("vec3", "float z", Vec3, z);
    FUNCTION("void yield()", pass);
    FUNCTION("void sleep(uint64)", sleepFor);
    FUNCTION("void trace(const string &in)", say);
    FUNCTION("void warn(const string &in)", say);
    counted(engine, "MemoryBuffer");
    must(engine->RegisterObjectBehaviour("MemoryBuffer", asBEHAVE_FACTORY, "MemoryBuffer@ f(uint64 size = 0)",
                                         asFUNCTION(Buffer::make), asCALL_CDECL), "MemoryBuffer");
#define WRITES(declared, T) \
    METHOD("MemoryBuffer", "void Write(" declared ")", asMETHODPR(Buffer, put<T>, (T), void));
    WRITES("int8", signed char) WRITES("int16", short) WRITES("int", int) WRITES("int64", asINT64)
    WRITES("uint8", asBYTE) WRITES("uint16", asWORD) WRITES("uint", asUINT) WRITES("uint64", asQWORD)
    WRITES("float", float) WRITES("double", double)
    METHOD("MemoryBuffer", "void Seek(uint64 place, int base = 0)", asMETHOD(Buffer, seek));
    METHOD("MemoryBuffer", "uint64 GetSize()", asMETHOD(Buffer, size));
    engine->SetDefaultNamespace("Time");
    FUNCTION("uint64 get_Now() property", milliseconds);
    FUNCTION("uint get_FrameCount() property", frameCount);
    engine->SetDefaultNamespace("Net");
    counted(engine, "Socket");
    must(engine->RegisterObjectBehaviour("Socket", asBEHAVE_FACTORY, "Socket@ f()",
         asFUNCTION(Socket::make), asCALL_CDECL), "Socket");
    METHOD("Socket", "bool Listen(const string &in host, uint16 port)", asMETHOD(Socket, listen));
    METHOD("Socket", "Socket@ Accept(int timeout = 0)", asMETHOD(Socket, accept));
    METHOD("Socket", "bool IsReady()", asMETHOD(Socket, ready));
    METHOD("Socket", "bool IsHungUp()", asMETHOD(Socket, hungUp));
    METHOD("Socket", "int Available()", asMETHOD(Socket, available));
    METHOD("Socket", "bool ReadLine(string &out)", asMETHOD(Socket, readLine));
    METHOD("Socket", "bool Write(MemoryBuffer@, uint64 size)", asMETHOD(Socket, write));
    METHOD("Socket", "void Close()", asMETHOD(Socket, close));
    engine->SetDefaultNamespace("");
}

