// Openplanet's place in the tests: compiles a plug-in with the AngelScript compiler and runs its Main() frame by frame.
//
//     openplanet <folder of the plug-in> <TMNEXT or FOREVER>
//
// Registered is what racegym's plug-in uses of Openplanet's API and of the game, under the names and types of the API
// dump of Openplanet 1.29.5 (game of 2026-02-03); sockets and buffers are real, the game behind them is a table of
// links that may each be missing. It prints "port <n>" when the plug-in listens. A line on its input sets the scene:
// words, each the name of a link or state to be there ("app playground terminal player car finish countdown map");
// it answers "frame" when a frame has passed with it. "destroy" unloads the plug-in and ends the program.
#include <angelscript/scriptbuilder.h>

#include <iostream>
#include <sstream>

#include "game.hpp"

static bool wrong = false;
static void hear(const asSMessageInfo *message, void *) {
    static const char *kinds[] = {"error", "warning", "info"};  // as asEMsgType counts
    fprintf(stderr, "%s:%d:%d: %s: %s\n", message->section, message->row, message->col, kinds[message->type], message->message);
    wrong |= message->type != asMSGTYPE_INFORMATION;
}

static asIScriptModule *compile(asIScriptEngine *engine, const string &folder, const string &name) {
    CScriptBuilder builder;
    builder.StartNewModule(engine, "plug-in");
    builder.DefineWord(name.c_str());
    if (builder.AddSectionFromFile((folder + "/Main.as").c_str()) < 0 || builder.BuildModule() < 0 || wrong) exit(1);
    return builder.GetModule();
}

// Runs a function to its next yield; whether it has more to do.
static bool go(asIScriptContext *context) {
    int code = context->Execute();
    if (code == asEXECUTION_EXCEPTION) {
        fprintf(stderr, "exception: %s in %s:%d\n", context->GetExceptionString(),
                context->GetExceptionFunction()->GetName(), context->GetExceptionLineNumber());
        exit(3);
    }
    return code == asEXECUTION_SUSPENDED;
}

static bool obey(asIScriptEngine *engine, asIScriptModule *module, asIScriptContext *main) {
    string line, word;
    if (!std::getline(std::cin, line)) return false;
    std::istringstream words(line);
    scene.clear();
    while (words >> word) scene.insert(word);
    if (there("destroy")) {
        asIScriptContext *context = engine->CreateContext();
        context->Prepare(module->GetFunctionByName("OnDestroyed"));
        go(context);
        context->Release();
        printf("destroyed\n");
        fflush(stdout);
        return false;
    }
    go(main);
    frames++;
    printf("frame\n");
    fflush(stdout);
    return true;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    asIScriptEngine *engine = asCreateScriptEngine();
    engine->SetMessageCallback(asFUNCTION(hear), nullptr, asCALL_CDECL);
    core(engine);
    bool next = string(words[2]) == "TMNEXT";
    vehicleState(engine, next);
    if (next) game(engine);
    asIScriptModule *module = compile(engine, words[1], words[2]);
    *(asWORD *)module->GetAddressOfGlobalVar(module->GetGlobalVarIndexByName("Setting_Port")) = 0;
    asIScriptContext *context = engine->CreateContext();
    context->Prepare(module->GetFunctionByName("Main"));
    std::cin.tie(nullptr);
    pollfd input = {0, POLLIN, 0};
    bool on = true;
    while (on) {
        if (poll(&input, 1, 10) > 0)
            on = obey(engine, module, context);
        else if (now() >= wakes) {
            go(context);
            frames++;
        }
    }
    context->Abort();
    context->Release();
    engine->ShutDownAndRelease();
    return 0;
}
