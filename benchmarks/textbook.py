"""The endpoint as a textbook writes it: FastAPI, PyJWT, SQLAlchemy's async ORM, pydantic out."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

SECRET = "a secret that is only used by this benchmark"


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str]


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    owner: Mapped[User] = relationship()


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    username: str
    email: str


class ProjectOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    description: str | None
    owner: UserOut


engine = create_async_engine(f"sqlite+aiosqlite:///{sys.argv[1]}")
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions() as session:
        session.add(User(id=1, username="ada", email="ada@example.org"))
        session.add_all(Project(id=n, name=f"Riff {n}", owner_id=1) for n in range(1, 2001))
        await session.commit()
    print(jwt.encode({"sub": "1"}, SECRET, algorithm="HS256"), flush=True)
    yield


app = FastAPI(lifespan=lifespan)


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(database)]


async def current_user(
    database: Database,
    bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> User:
    claims = jwt.decode(bearer.credentials, SECRET, algorithms=["HS256"])
    user = await database.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/projects/{project_id}", response_model=ProjectOut)
async def get_project(
    project_id: int, database: Database, user: Annotated[User, Depends(current_user)]
) -> Project:
    project = await database.get(Project, project_id, options=[selectinload(Project.owner)])
    if project is None or project.owner_id != user.id:
        raise HTTPException(404)
    return project


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
