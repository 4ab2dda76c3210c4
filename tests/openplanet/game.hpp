// The game behind a plug-in: what script code can reach, all of it missing or there as the scene says.
#pragma once
#include <set>

#include "api.hpp"

static std::set<string> scene;

static bool there(const char *link) { return scene.count(link) > 0; }

struct Node {};  // of classes that have nothing but links
struct Vehicle {
    Vec3 Position{1, 2, 3}, Dir{0, 0, 1}, Left{1, 0, 0}, Up{0, 1, 0}, WorldVel{1, 0, 10};
    float InputSteer = 0.5, InputGasPedal = 1, InputBrakePedal = 0.25;
    asUINT CurGear = 3;
    asBYTE DiscontinuityCount = 2;
} vehicle;
struct MapInfo {
    string MapUid = "uid";
    WString Name{"a map"};
} mapInfo;
struct Script {
    int CurrentRaceTime = 1500;
    asUINT CurrentLapNumber = 1;
} script;
static Node app, playground, terminal, player, map, terminals, times;

static Node *getApp() { return there("app") ? &app : nullptr; }
static Node *getPlayground(Node *) { return there("playground") ? &playground : nullptr; }
static Node *getMap(Node *) { return there("map") ? &map : nullptr; }
static MapInfo *getMapInfo(Node *) { return there("mapinfo") ? &mapInfo : nullptr; }
static Node *getTerminals(Node *) { return &terminals; }
static asUINT countTerminals(Node *) { return there("terminal") || there("null-terminal"); }
static Node *getTerminal(Node *, asUINT) { return there("terminal") ? &terminal : nullptr; }
static Node *getPlayer(Node *) { return there("player") ? &player : nullptr; }
static Node *getController(Node *) { return there("controlled") ? &player : nullptr; }
static Script *getScript(Node *) {
    script.CurrentRaceTime = there("countdown") ? -500 : 1500;
    return there("script") ? &script : nullptr;
}
static int getSequence(Node *) { return there("finish") ? 11 : 1; }
static Node *getTimes(Script *) { return &times; }
static asUINT countTimes(Node *) { return 4; }
static Node *same(Node *node) { return node; }
static Script *sameScript(Script *node) { return node; }
static Vehicle *viewed() { return there("car") ? &vehicle : nullptr; }
static float rpm(Vehicle *) { return 6000; }

static void types(asIScriptEngine *engine, std::initializer_list<const char *> names) {
    for (auto name : names) must(engine->RegisterObjectType(name, 0, asOBJ_REF | asOBJ_NOCOUNT), name);
}

static void vehicleState(asIScriptEngine *engine, bool next) {
    types(engine, {"CSceneVehicleVisState"});
    FIELD("CSceneVehicleVisState", "const vec3 Position", Vehicle, Position);
    FIELD("CSceneVehicleVisState", "const vec3 Dir", Vehicle, Dir);
    FIELD("CSceneVehicleVisState", "const vec3 Left", Vehicle, Left);
    FIELD("CSceneVehicleVisState", "const vec3 Up", Vehicle, Up);
    FIELD("CSceneVehicleVisState", "const vec3 WorldVel", Vehicle, WorldVel);
    FIELD("CSceneVehicleVisState", "const float InputSteer", Vehicle, InputSteer);
    FIELD("CSceneVehicleVisState", "const float InputGasPedal", Vehicle, InputGasPedal);
    FIELD("CSceneVehicleVisState", "const float InputBrakePedal", Vehicle, InputBrakePedal);
    FIELD("CSceneVehicleVisState", "const uint CurGear", Vehicle, CurGear);
    if (next) FIELD("CSceneVehicleVisState", "const uint8 DiscontinuityCount", Vehicle, DiscontinuityCount);
    engine->SetDefaultNamespace("VehicleState");
    FUNCTION("CSceneVehicleVisState@ ViewingPlayerState()", viewed);
    FUNCTION("float GetRPM(CSceneVehicleVisState@)", rpm);
    engine->SetDefaultNamespace("");
}

// The game of 2020. Forever has other classes, and the plug-in may not name these there.
static void game(asIScriptEngine *engine) {
    types(engine, {"CGameCtnApp", "CTrackMania", "CGamePlayground", "CSmArenaClient", "CGameTerminal", "TerminalBuffer",
                   "CGamePlayer", "CSmPlayer", "CGameScriptPlayer", "CSmScriptPlayer", "TimeBuffer",
                   "CGameCtnChallenge", "CGameCtnChallengeInfo"});
    engine->SetDefaultNamespace("SGamePlaygroundUIConfig");
    must(engine->RegisterEnum("EUISequence"), "EUISequence");
    must(engine->RegisterEnumValue("EUISequence", "Playing", 1), "Playing");
    must(engine->RegisterEnumValue("EUISequence", "Finish", 11), "Finish");
    engine->SetDefaultNamespace("");
    FUNCTION("CGameCtnApp@ GetApp()", getApp);
    LINK("CGameCtnApp", "CTrackMania@ opCast()", same);
    LINK("CTrackMania", "CGamePlayground@ get_CurrentPlayground() const property", getPlayground);
    LINK("CTrackMania", "CGameCtnChallenge@ get_RootMap() const property", getMap);
    LINK("CGameCtnChallenge", "CGameCtnChallengeInfo@ get_MapInfo() const property", getMapInfo);
    FIELD("CGameCtnChallengeInfo", "const string MapUid", MapInfo, MapUid);
    FIELD("CGameCtnChallengeInfo", "const wstring Name", MapInfo, Name);
    LINK("CGamePlayground", "CSmArenaClient@ opCast()", same);
    LINK("CSmArenaClient", "TerminalBuffer@ get_GameTerminals() const property", getTerminals);
    LINK("TerminalBuffer", "uint get_Length() const property", countTerminals);
    LINK("TerminalBuffer", "CGameTerminal@ opIndex(uint)", getTerminal);
    LINK("CGameTerminal", "CGamePlayer@ get_GUIPlayer() const property", getPlayer);
    LINK("CGameTerminal", "CGamePlayer@ get_ControlledPlayer() const property", getController);
    LINK("CGameTerminal", "SGamePlaygroundUIConfig::EUISequence get_UISequence_Current() const property", getSequence);
    LINK("CGamePlayer", "CSmPlayer@ opCast()", same);
    LINK("CSmPlayer", "CGameScriptPlayer@ get_ScriptAPI() const property", getScript);
    LINK("CGameScriptPlayer", "CSmScriptPlayer@ opCast()", sameScript);
    FIELD("CSmScriptPlayer", "const int CurrentRaceTime", Script, CurrentRaceTime);
    FIELD("CSmScriptPlayer", "const uint CurrentLapNumber", Script, CurrentLapNumber);
    LINK("CSmScriptPlayer", "TimeBuffer@ get_RaceWaypointTimes() const property", getTimes);
    LINK("TimeBuffer", "uint get_Length() const property", countTimes);
}

