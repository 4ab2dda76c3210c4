// racegym's telemetry: one record a frame over TCP, and a reply channel. Version 1 of the format, which
// backends/racegym_trackmania/wire.py describes; change both or neither.
//
// The plug-in listens on loopback and serves the newest client. A record is sent in menus too, with the flag Menu, so
// that silence means that the game is gone. Nothing is assumed to be there: every handle is tested before its use.

[Setting name="Port" min=1024 max=65535]
uint16 Setting_Port = 9011;

const uint16 VERSION = 1;
const uint16 RECORD_SIZE = 128;
const uint16 GREETING_SIZE = 136;
const uint TEXT_SIZE = 64;

const uint CAR = 1;
const uint FINISHED = 2;
const uint MENU = 4;
const uint COUNTDOWN = 8;
const int NO_TIME = -2147483648; // the game does not tell: Forever, and where no race is

Net::Socket@ listener = null;
Net::Socket@ client = null;
uint sequence = 0;

void Main() {
    while (true) {
        if (listener is null) {
            Open();
        }
        if (listener !is null) {
            Greet();
            Send();
        }
        yield();
    }
}

void OnDestroyed() { CloseAll(); }
void OnDisabled() { CloseAll(); }

void OnSettingsChanged() { CloseAll(); } // Main opens the new port

void CloseAll() {
    HangUp();
    if (listener !is null) {
        listener.Close();
        @listener = null;
    }
}

void HangUp() {
    if (client !is null) {
        client.Close();
        @client = null;
    }
}

void Open() {
    @listener = Net::Socket();
    if (!listener.Listen("127.0.0.1", Setting_Port)) {
        warn("Racegym: port " + Setting_Port + " is taken; choose another in the settings");
        @listener = null;
        sleep(2000);
        return;
    }
    trace("Racegym: listening on 127.0.0.1:" + Setting_Port);
}

// Take a new client, and answer the line "hello 1" of the present one with the map's name.
void Greet() {
    Net::Socket@ next = listener.Accept();
    if (next !is null) {
        HangUp();
        @client = next;
    }
    if (client is null) {
        return;
    }
    if (client.IsHungUp()) {
        HangUp();
        return;
    }
    string line;
    if (client.IsReady() && client.Available() > 0 && client.ReadLine(line)) {
        if (line.StartsWith("hello")) {
            SendGreeting();
        }
    }
}

void SendGreeting() {
    string uid = "";
    string name = "";
#if TMNEXT
    auto app = cast<CTrackMania>(GetApp());
    if (app !is null && app.RootMap !is null && app.RootMap.MapInfo !is null) {
        uid = app.RootMap.MapInfo.MapUid;
        name = string(app.RootMap.MapInfo.Name);
    }
#endif
    MemoryBuffer@ buffer = MemoryBuffer(0);
    WriteHead(buffer, "RGHI", GREETING_SIZE);
    WriteText(buffer, uid);
    WriteText(buffer, name);
    Flush(buffer);
}

void WriteHead(MemoryBuffer@ buffer, const string &in magic, uint16 size) {
    for (int i = 0; i < 4; i++) {
        buffer.Write(uint8(magic[i]));
    }
    buffer.Write(VERSION);
    buffer.Write(size);
}

void WriteText(MemoryBuffer@ buffer, const string &in text) {
    for (uint i = 0; i < TEXT_SIZE; i++) {
        buffer.Write(uint8(i < uint(text.Length) ? text[i] : 0));
    }
}

void WriteVector(MemoryBuffer@ buffer, const vec3 &in v) {
    buffer.Write(v.x);
    buffer.Write(v.y);
    buffer.Write(v.z);
}

void Flush(MemoryBuffer@ buffer) {
    buffer.Seek(0);
    if (!client.Write(buffer, buffer.GetSize())) {
        HangUp();
    }
}

void Send() {
    if (client is null || !client.IsReady()) {
        return; // a slow client misses frames
    }
    sequence++;
    auto vehicle = VehicleState::ViewingPlayerState();
    RaceState@ race = vehicle is null ? RaceState() : ReadRace();
    MemoryBuffer@ buffer = MemoryBuffer(0);
    WriteHead(buffer, "RGTM", RECORD_SIZE);
    buffer.Write(uint(race.flags | (vehicle is null ? MENU : CAR)));
    buffer.Write(sequence);
    buffer.Write(uint(Time::FrameCount));
    buffer.Write(race.time);
    buffer.Write(uint64(Time::Now));
    buffer.Write(Jumps(vehicle));
    buffer.Write(race.laps);
    buffer.Write(race.checkpoints);
    WriteCar(buffer, vehicle);
    buffer.Write(sequence);
    Flush(buffer);
}

// How often the car was put elsewhere; Forever does not tell.
uint Jumps(CSceneVehicleVisState@ vehicle) {
    uint jumps = 0;
#if TMNEXT
    if (vehicle !is null) {
        jumps = vehicle.DiscontinuityCount;
    }
#endif
    return jumps;
}

void WriteCar(MemoryBuffer@ buffer, CSceneVehicleVisState@ vehicle) {
    if (vehicle is null) {
        for (int i = 0; i < 20; i++) {
            buffer.Write(float(0));
        }
        return;
    }
    WriteVector(buffer, vehicle.Position);
    WriteVector(buffer, vehicle.Dir);
    WriteVector(buffer, vehicle.Left);
    WriteVector(buffer, vehicle.Up);
    WriteVector(buffer, vehicle.WorldVel);
    buffer.Write(float(VehicleState::GetRPM(vehicle)));
    buffer.Write(float(vehicle.CurGear));
    buffer.Write(float(vehicle.InputSteer));
    buffer.Write(float(vehicle.InputGasPedal));
    buffer.Write(float(vehicle.InputBrakePedal));
}

// What is known of the race; zeros where nothing is, but for the time.
class RaceState {
    uint flags = 0;
    int time = NO_TIME; // ms, negative in the countdown
    int laps = 0;
    int checkpoints = 0;
}

#if TMNEXT
CSmScriptPlayer@ ScriptPlayer(CGameTerminal@ terminal) {
    auto player = cast<CSmPlayer>(terminal.GUIPlayer);
    if (player is null) {
        @player = cast<CSmPlayer>(terminal.ControlledPlayer);
    }
    return player is null ? null : cast<CSmScriptPlayer>(player.ScriptAPI);
}
#endif

RaceState@ ReadRace() {
    RaceState race;
#if TMNEXT
    auto app = cast<CTrackMania>(GetApp());
    if (app is null) return race;
    auto playground = cast<CSmArenaClient>(app.CurrentPlayground);
    if (playground is null || playground.GameTerminals.Length == 0) return race;
    auto terminal = playground.GameTerminals[0];
    if (terminal is null) return race;
    if (terminal.UISequence_Current == SGamePlaygroundUIConfig::EUISequence::Finish) {
        race.flags |= FINISHED;
    }
    auto script = ScriptPlayer(terminal);
    if (script is null) return race;
    race.time = script.CurrentRaceTime;
    race.laps = script.CurrentLapNumber;
    race.checkpoints = int(script.RaceWaypointTimes.Length);
    if (race.time < 0) {
        race.flags |= COUNTDOWN;
    }
#endif
    return race;
}
